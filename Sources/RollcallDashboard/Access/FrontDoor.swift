internal import RollcallPages
internal import Synchronization

/// Lets in who is logged in, and forms of this server's own pages; everything else is turned away here.
struct FrontDoor: Sendable {
  typealias Answer = @Sendable (WebRequest, Sessions.Session) async -> WebResponse

  let token: AccessToken
  let sessions: Sessions
  let origin: OriginCheck
  /// Slows down whoever asks for anything without a pause.
  let gate = RequestGate(.all(at: .now))
  let pages = RequestGate(.pages(at: .now))
  /// Whether forms may change something.
  let takesActions: Bool
  /// `/metrics`.
  let metrics: @Sendable () async -> WebResponse
  /// The login page with a complaint, and where to go on to.
  let login: @Sendable (_ complaint: String?, _ next: String) -> WebResponse
  /// What is no page and tells nothing: the style sheet, the script, the icon.
  let asset: @Sendable ([String]) -> WebResponse?
  let page: Answer
  let action: Answer
  let refusal: @Sendable (_ status: Int, _ message: String) -> WebResponse

  func respond(_ request: WebRequest) async -> WebResponse {
    await gate.enter()
    switch request.method {
    case .get, .head: return await get(request)
    case .post: return await post(request)
    case .other:
      var response = refusal(405, "Only GET, HEAD and POST are accepted.")
      response.headers.append(("Allow", "GET, HEAD, POST"))
      return response
    }
  }

  private func get(_ request: WebRequest) async -> WebResponse {
    guard let path = request.segments else { return refusal(404, "There is no such page.") }
    // It tells nothing and depends on neither server, since a restart would mend neither.
    if path == ["healthz"] { return WebResponse(200, "ok\n") }
    guard origin.isMeant(request) else { return misdirected }
    if path == ["metrics"] { return await metrics() }
    if let found = asset(path) { return found }
    let session = sessions.find(request)
    if path == ["login"] {
      let next = WebResponse.safe(path: request.query["next"])
      return session == nil ? login(nil, next) : .seeOther(next)
    }
    guard let session else {
      return .seeOther(Address.page("/login", ["next": request.target == "/" ? nil : request.target]))
    }
    guard await pages.enter() else { return tooMany }
    return await page(request, session)
  }

  private func post(_ request: WebRequest) async -> WebResponse {
    guard let path = request.segments else { return refusal(404, "There is no such page.") }
    guard origin.isMeant(request) else { return misdirected }
    guard origin.isSameOrigin(request) else {
      return refusal(403, "This form was not sent from one of this server's own pages.")
    }
    if path == ["login"] { return await logIn(request) }
    guard let session = sessions.find(request) else {
      return refusal(403, "You are not logged in. Log in, and try again.")
    }
    guard let form = request.body["form"], RandomText.isEqual(form, session.formToken) else {
      return refusal(403, "The form belongs to another session. Reload the page.")
    }
    if path == ["logout"] {
      sessions.end(session)
      var response = WebResponse.seeOther("/login")
      response.headers.append(sessions.header(nil))
      return response
    }
    guard takesActions else {
      return refusal(403, "This dashboard is read-only. Start it with --actions to allow actions.")
    }
    guard await pages.enter() else { return tooMany }
    return await action(request, session)
  }

  private func logIn(_ request: WebRequest) async -> WebResponse {
    let next = WebResponse.safe(path: request.body["next"])
    guard let given = request.body["token"], RandomText.isEqual(given, token.text) else {
      // Whoever tries them all takes longer; each try holds one of a bounded number of connections.
      try? await Task.sleep(for: .milliseconds(500))
      var response = login("The token is wrong.", next)
      response.status = 403
      return response
    }
    var response = WebResponse.seeOther(next)
    response.headers.append(sessions.header(sessions.begin()))
    return response
  }

  private var tooMany: WebResponse {
    var response = refusal(429, "Too many pages are asked for at once. Try again in a moment.")
    response.headers.append(("Retry-After", "1"))
    return response
  }

  private var misdirected: WebResponse {
    refusal(
      421, "This server does not know the host name in the request. Start it with --host NAME to add a name.")
  }
}
