/// Numbers of octets as the file has them, and as PostgreSQL writes them: `64MB`, with a kB of 1024 octets.
enum SizeText {
  /// nil when the text has another form, or is more than PostgreSQL lets a value have.
  static func parse(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), let unit = octets(of: text[digits.endIndex...]) else { return nil }
    let (total, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow || total > 1 << 30 ? nil : total
  }

  private static func octets(of unit: Substring) -> Int? {
    switch unit {
    case "kB": 1 << 10
    case "MB": 1 << 20
    case "GB": 1 << 30
    default: nil
    }
  }
}
