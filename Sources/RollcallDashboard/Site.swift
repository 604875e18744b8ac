internal import FoundationEssentials
internal import RollcallAdministration
internal import RollcallPages

/// Everything together: the door, the desks behind it, and the server before it.
struct Site: Sendable {
  private let command: DashboardCommand
  private let token: AccessToken
  private let reader: LedgerReader
  private let metrics: MetricsCache

  init(_ command: DashboardCommand, _ token: AccessToken, _ reader: LedgerReader) async {
    self.command = command
    self.token = token
    self.reader = reader
    metrics = await MetricsCache(reader)
  }

  func run() async throws {
    let door = LateDoor()
    let server = WebServer(
      address: command.listen, protection: WebResponse.protection(isExposed: command.expose),
      respond: { await door.respond($0) })
    try await server.run { port in
      door.open(frontDoor(port))
      announce(port)
    }
  }

  /// - Parameter port: the real one; nil for a socket in the file system.
  private func frontDoor(_ port: Int?) -> FrontDoor {
    let sessions = Sessions(cookie: "rollcall_\(port.map(String.init) ?? "socket")")
    let pages = PageDesk(reader: reader, sessions: sessions, takesActions: command.actions)
    let process = ProcessInfo.processInfo
    let desk = ActionDesk(reader: reader, sessions: sessions, actor: "dashboard@\(process.hostName)")
    return FrontDoor(
      token: token, sessions: sessions, origin: OriginCheck(command.listen, port: port, names: command.host),
      takesActions: command.actions,
      metrics: { [metrics] in
        switch await metrics.text() {
        case .success(let text): WebResponse(200, text, type: MetricsPage.contentType)
        case .failure: WebResponse(500, "The metrics cannot be read. The log of rollcall-dashboard says why.\n")
        }
      },
      login: { complaint, next in .html(LoginPage(complaint: complaint, next: next).html) },
      asset: { Site.asset($0) },
      page: { await pages.answer($0, $1) },
      action: { await desk.answer($0, $1) },
      refusal: { status, message in .html(ErrorPage(status: status, message: message).html, status: status) })
  }

  private static func asset(_ path: [String]) -> WebResponse? {
    guard path.count == 2, let found = Asset.all.first(where: { $0.path == "/\(path[0])/\(path[1])" }) else {
      return nil
    }
    return WebResponse(200, String(decoding: found.body, as: UTF8.self), type: found.type)
  }

  /// Says where it listens; and the token, where nobody else knows it.
  private func announce(_ port: Int?) {
    let address =
      switch command.listen {
      case .unix(let path): "unix:\(path)"
      case .tcp(let host, _): "http://\(host.contains(":") ? "[\(host)]" : host):\(port ?? 0)/"
      }
    ProcessOutput.output("listening on \(address)\n")
    if command.tokenFile == nil { ProcessOutput.output("token \(token.text)\n") }
  }
}
