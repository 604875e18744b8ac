internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger
internal import RollcallPages

/// Answers GET requests of whoever is logged in.
struct PageDesk: Sendable {
  let reader: LedgerReader
  let sessions: Sessions
  let takesActions: Bool

  func answer(_ request: WebRequest, _ session: Sessions.Session) async -> WebResponse {
    do {
      return try await Reactor.run { try await page(request, session) }
    } catch {
      return Self.failure(error)
    }
  }

  /// A page that says why there is no other: the database does not answer, or not in time.
  static func failure(_ error: any Error) -> WebResponse {
    if case .refused(let reason)? = error as? EngineError {
      return .html(ErrorPage(status: 400, message: "\(reason).").html, status: 400)
    }
    return .html(
      ErrorPage(
        status: 503, message: "The database does not answer: \(error).",
        remedy: "Reload the page to try again."
      ).html, status: 503)
  }

  static func notFound(_ frame: Frame? = nil) -> WebResponse {
    .html(ErrorPage(frame, status: 404, message: "There is no such page.").html, status: 404)
  }

  @Reactor
  private func page(_ request: WebRequest, _ session: Sessions.Session) async throws -> WebResponse {
    let summaries = try await reader.summaries()
    var frame = Frame(
      directories: summaries.directories, directory: request.query["directory"], hasActions: takesActions,
      formToken: session.formToken, now: summaries.now, version: Version.text)
    if let name = frame.directory, !frame.directories.contains(where: { $0.name == name }) {
      frame.directory = nil
      return .html(
        ErrorPage(frame, status: 404, message: "There is no directory of this name in the database.").html,
        status: 404)
    }
    let path = request.segments ?? []
    if ["", "waiting", "health", "history", "people"].contains(path.first ?? "") {
      frame.notice = sessions.takeNotice(of: session)
    }
    switch path {
    case []: return .html(try await reader.now(frame).html)
    case ["waiting"]: return .html(try await reader.waiting(frame).html)
    case ["history"]: return .html(try await reader.history(frame, request.query).html)
    case ["people"]: return try await lookup(frame, request.query["find"])
    case ["health"]: return .html(try await reader.health(frame).html)
    case let path where path.count == 2 && path[0] == "people":
      guard let directory = frame.directory ?? (frame.directories.count == 1 ? frame.directories[0].name : nil) else {
        return .html(
          ErrorPage(
            frame, status: 404, message: "The database has several directories: the address must name one.",
            remedy: "\(request.path)?directory=NAME"
          ).html, status: 404)
      }
      frame.directory = directory
      return .html(try await reader.person(frame, directory, key: path[1]).html)
    default: return Self.notFound(frame)
    }
  }

  /// Whom to look at: goes on to the person where only one is found.
  @Reactor
  private func lookup(_ frame: Frame, _ text: String?) async throws(EngineError) -> WebResponse {
    guard let text else { return .html(LookupPage(frame).html) }
    let names = frame.directory.map { [$0] } ?? frame.directories.map(\.name)
    let matches = try await reader.find(text, in: names)
    if Address.isNoSegment(text), names.count == 1, matches.contains(where: { $0.key == text }) {
      var frame = frame
      frame.directory = names[0]
      return .html(try await reader.person(frame, names[0], key: text).html)
    }
    guard matches.count == 1, let match = matches.first else {
      return .html(LookupPage(frame, find: text, matches: matches).html)
    }
    // Found by another value than its key.
    return .seeOther(Address.person(match.key, match.directory))
  }
}
