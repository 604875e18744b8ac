/// Files that pages refer to. The server sends each at its path, with its type, to anybody: nothing in them is secret.
package struct Asset: Sendable {
  /// `/assets/style.css`
  package let path: String
  package let type: String
  package let body: [UInt8]
  /// The path with a digest of the body: whoever has it may keep it for a year.
  package let address: String

  private init(_ name: String, _ type: String, _ body: [UInt8]) {
    path = "/assets/\(name)"
    self.type = type
    self.body = body
    // FNV-1a, 64 bits.
    let digest = body.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    address = "\(path)?v=\(String(digest, radix: 16))"
  }

  package static let style = Asset("style.css", "text/css; charset=utf-8", PackageResources.style_css)
  package static let script = Asset("script.js", "text/javascript; charset=utf-8", PackageResources.script_js)

  /// All of them.
  package static let all: [Asset] = [style, script] + icons

  /// The icon in a browser's tab, which tells the state: a ring with the shape that stands beside the word too.
  static func icon(_ level: Standing.Level?) -> Asset { icons[level?.rawValue ?? 0] }

  private static let icons: [Asset] = [
    icon("well", "#0f766e", "M9.5 16.5l4.5 4.5 8.5-9.5"), icon("waiting", "#8a5a00", "M16 8.5V16l5 3.2"),
    icon("trouble", "#b3261e", "M16 8v10M16 22v2.4"),
  ]

  private static func icon(_ name: String, _ colour: String, _ shape: String) -> Asset {
    let svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="\(colour)"/>\
      <path d="\(shape)" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>
      """
    return Asset("\(name).svg", "image/svg+xml", Array(svg.utf8))
  }

  /// The header `Content-Security-Policy` of every answer: nothing inline, nothing from elsewhere.
  package static let contentSecurityPolicy = """
    default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'
    """
}
