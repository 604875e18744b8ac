internal import Glibc

/// Terminal colours (ECMA-48, SGR): only if standard output is a terminal and NO_COLOR is not set.
struct Colour {
  enum Tone: String {
    case dim = "2"
    case bold = "1"
    case red = "31"
    case green = "32"
    case yellow = "33"
  }

  private let isOn: Bool

  init(_ environment: [String: String]) {
    let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isOn = isatty(Output.standard.rawValue) == 1 && !isRefused && environment["TERM"] != "dumb"
  }

  func paint(_ text: String, _ tone: Tone?) -> String {
    guard isOn, let tone, !text.isEmpty else { return text }
    return "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m"
  }
}
