/// What came from a browser, as far as anything here looks at it.
struct WebRequest: Sendable {
  enum Method: Sendable {
    case get, head, post
    case other(String)
  }

  var method: Method
  /// As it came, without the query: nothing is decoded yet.
  var path: String
  /// The path with the query, as they came.
  var target: String
  /// Decoded.
  var query: WebForm
  /// By the names in lower case; where a field came several times, all of them.
  var headers: [String: [String]]
  var body: WebForm = WebForm()

  /// A header that may come once only; nil where it is absent or came more often.
  func header(_ name: String) -> String? {
    guard let values = headers[name], values.count == 1 else { return nil }
    return values[0]
  }

  /// The decoded segments of the path; nil where it is malformed, or not in its plain form: with an empty segment, `.` or
  /// `..`, or a character that does not belong there.
  var segments: [String]? {
    guard path.hasPrefix("/"), path.utf8.count <= 4096 else { return nil }
    if path == "/" { return [] }
    var segments: [String] = []
    for raw in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = PercentText.decode(raw, plusIsBlank: false), !segment.isEmpty, segment != ".",
        segment != ".."
      else { return nil }
      segments.append(segment)
    }
    return segments
  }
}

/// Names with values, as a query or a form has them.
struct WebForm: Sendable {
  private(set) var fields: [(name: String, value: String)] = []

  init() {}

  /// Nil where it is malformed: octets that are no UTF-8, NUL, or too many fields.
  init?(parsing text: some StringProtocol) {
    for part in text.split(separator: "&") {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentText.decode(halves[0], plusIsBlank: true),
        let value = halves.count == 2 ? PercentText.decode(halves[1], plusIsBlank: true) : "", fields.count < 100
      else { return nil }
      fields.append((name, value))
    }
  }

  /// The first of that name that is not empty.
  subscript(name: String) -> String? { fields.first { $0.name == name && !$0.value.isEmpty }?.value }
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentText {
  /// Nil where an escape is incomplete, or what comes out is no UTF-8 or holds NUL, which no text of PostgreSQL has.
  static func decode(_ text: some StringProtocol, plusIsBlank: Bool) -> String? {
    var octets: [UInt8] = []
    var rest = text.utf8.makeIterator()
    while let octet = rest.next() {
      switch octet {
      case UInt8(ascii: "%"):
        guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
        octets.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsBlank: octets.append(UInt8(ascii: " "))
      default: octets.append(octet)
      }
    }
    return octets.contains(0) ? nil : String(validating: octets, as: UTF8.self)
  }

  private static func digit(_ octet: UInt8) -> UInt8? {
    switch octet {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): octet - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): octet - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): octet - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
