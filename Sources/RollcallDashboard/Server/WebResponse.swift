/// What goes back to the browser.
struct WebResponse: Sendable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: String

  init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") {
    self.status = status
    headers = [("Content-Type", type)]
    self.body = body
  }

  static func html(_ body: String, status: Int = 200) -> WebResponse {
    WebResponse(status, body, type: "text/html; charset=utf-8")
  }

  /// 303: whatever was asked, the next request is a GET.
  ///
  /// - Parameter path: of this server; `safe(path:)` for what came from a browser.
  static func seeOther(_ path: String) -> WebResponse {
    var response = WebResponse(303, "")
    response.headers.append(("Location", path))
    return response
  }

  /// A path of this server, or `/` where a text may lead elsewhere: `//host`, `/\host`, a scheme, a line break.
  static func safe(path: String?) -> String {
    guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.count <= 2048,
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else { return "/" }
    return path
  }

  /// What each response carries, whatever it says.
  ///
  /// - Parameter isExposed: browsers send no Sec-Fetch-Site to a server that they reach without TLS over a network. There
  ///   the same-origin check needs Origin, which `no-referrer` would make `null`. Neither tells other sites anything.
  static func protection(isExposed: Bool) -> [(name: String, value: String)] {
    [
      (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
      ),
      ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
      ("Referrer-Policy", isExposed ? "same-origin" : "no-referrer"),
      ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Cache-Control", "no-store"),
    ]
  }
}
