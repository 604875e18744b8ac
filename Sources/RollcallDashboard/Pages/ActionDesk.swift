internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger
internal import RollcallPages

/// Does what forms ask for: hands it to the daemon, and leaves a notice for the page that comes next.
struct ActionDesk: Sendable {
  let reader: LedgerReader
  let sessions: Sessions
  /// For the journal: there is one token, so nobody knows which person it was.
  let actor: String

  func answer(_ request: WebRequest, _ session: Sessions.Session) async -> WebResponse {
    do {
      return try await Reactor.run { try await act(request, session) }
    } catch {
      return PageDesk.failure(error)
    }
  }

  /// What a form wants, and the page that shows what came of it.
  private struct Order {
    var action: PageQuestions.Action
    /// A path of this server.
    var page: String
  }

  @Reactor
  private func act(_ request: WebRequest, _ session: Sessions.Session) async throws -> WebResponse {
    let form = request.body
    let directories = try await reader.summaries().directories
    guard let directory = form["directory"], directories.contains(where: { $0.name == directory }) else {
      return refusal("The form names no directory of this database.")
    }
    let order: Order
    switch try await read(request.segments ?? [], form, directory) {
    case .success(let found): order = found
    case .failure(let complaint): return refusal(complaint.text, complaint.status)
    }
    let questions = PageQuestions(reader.sessions.next, directory: directory)
    let notice: Notice
    switch try await questions.act(order.action, actor: actor) {
    case .answer(let outcome): notice = Self.notice(order.action, outcome)
    case .cannot(let reason): notice = Notice(.failed, "The daemon refused it: \(reason).")
    case .nobody:
      notice = Notice(.failed, "No daemon has answered within three seconds. Nothing was done.")
    case .notAsked(let reason): notice = Notice(.failed, "Nothing was done: \(reason).")
    }
    sessions.leave(notice, for: session)
    return .seeOther(order.page)
  }

  private func refusal(_ text: String, _ status: Int = 400) -> WebResponse {
    .html(ErrorPage(status: status, message: text).html, status: status)
  }

  // MARK: What is wanted

  private struct Complaint: Error {
    var text: String
    var status = 400
  }

  @Reactor
  private func read(
    _ path: [String], _ form: WebForm, _ directory: String
  ) async throws(EngineError) -> Result<Order, Complaint> {
    let waiting = Address.page("/waiting", ["directory": directory])
    // A form on the page Waiting leads back there.
    let person = form["page"] == "waiting" ? nil : form["key"].map { Address.person($0, directory) }
    let page = person ?? waiting
    switch path {
    case ["waiting", "release"]:
      var action = PageQuestions.Action(.release)
      action.because = form["because"] ?? "released in the dashboard"
      if let set = form["set"] {
        // The page's form always has the number. The id of a set alone says what is meant, too: it is another one as
        // soon as something else is held.
        let typed = form.fields.first { $0.name == "count" }?.value
        if let complaint = try await wrongCount(typed, set, directory) { return .failure(complaint) }
        action.set = set
        return .success(Order(action: action, page: waiting))
      }
      action.dn = form["dn"]
      if action.dn == nil {
        guard let key = form["key"] else { return .failure(Complaint(text: "The form names nothing to release.")) }
        action.keys = [key]
      }
      return .success(Order(action: action, page: form["dn"] == nil ? page : waiting))
    case ["waiting", "retry"]:
      var action = PageQuestions.Action(.retry)
      action.because = form["because"]
      action.keys = form["key"].map { [$0] } ?? []
      action.reason = action.keys.isEmpty ? form["reason"] : nil
      return .success(Order(action: action, page: page))
    case ["people", "pin"], ["people", "unpin"], ["people", "sync"]:
      guard let kind = PageQuestions.Action.Kind(rawValue: path[1]) else { break }
      guard let key = form["key"] else { return .failure(Complaint(text: "The form names nobody.")) }
      var action = PageQuestions.Action(kind)
      action.keys = [key]
      action.because = form["because"]
      action.until = form["until"]
      if kind == .pin, action.because?.allSatisfy(\.isWhitespace) ?? true {
        return .failure(Complaint(text: "To pin somebody, give a reason: it is shown to whoever looks next."))
      }
      return .success(Order(action: action, page: page))
    default: break
    }
    return .failure(Complaint(text: "There is no such action.", status: 404))
  }

  /// What is wrong with the number that a person has typed; the daemon looks once more at the set itself.
  @Reactor
  private func wrongCount(
    _ typed: String?, _ set: String, _ directory: String
  ) async throws(EngineError) -> Complaint? {
    let sets = try await HeldSet.all(reader.sessions.next, of: [directory], most: LedgerReader.most)
    // What is more than a page shows is left to the daemon, which reads the set anyway.
    if sets[directory] == .some(nil), typed == nil { return nil }
    guard let held = sets[directory] ?? nil, held.id == set else {
      return Complaint(
        text: "What is held has changed since the page was loaded. Nothing was released. Reload the page.", status: 409)
    }
    guard let typed else { return nil }
    let digits = typed.filter { $0 != " " && $0 != "\u{202F}" && $0 != "\u{A0}" }
    guard Int(digits) == held.removals.count else {
      return Complaint(
        text: "To release everything that is held, type the number of held items. Nothing was released.", status: 409)
    }
    return nil
  }

  // MARK: What came of it

  private static func notice(_ action: PageQuestions.Action, _ outcome: OperatorOutcome) -> Notice {
    let count = outcome.keys.count
    let whom = count == 1 ? "key \(outcome.keys[0])" : "\(count) keys"
    switch action.kind {
    case .release:
      return count == 0 ? Notice(.warning, "None of this is held any more.") : Notice(.done, "Released: \(whom).")
    case .retry:
      return count == 0 ? Notice(.warning, "Nobody is parked.") : Notice(.done, "Tried again: \(whom).")
    case .pin: return Notice(.done, "Pinned: nothing is written for \(whom).")
    case .unpin:
      return count == 0 ? Notice(.warning, "The key was not pinned.") : Notice(.done, "Unpinned: \(whom).")
    case .sync: return Notice(.done, "The daemon is looking at \(whom).")
    }
  }
}
