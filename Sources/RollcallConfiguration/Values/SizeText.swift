/// Sizes as written in the file, in PostgreSQL's units: `64MB`, with a kB of 1024 octets.
enum SizeText {
  /// nil if the text has another form, or the size exceeds PostgreSQL's limit for a value.
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
