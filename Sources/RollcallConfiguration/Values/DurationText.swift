/// Durations as written in the file: a whole number and a unit, `500ms`, `10s`, `2m`, `24h`, `7d`.
package enum DurationText {
  /// nil if the text has another form, or the duration exceeds a hundred years.
  package static func parse(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), let unit = milliseconds(of: text[digits.endIndex...]) else { return nil }
    let (total, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, total <= 100 * 365 * 86_400_000 else { return nil }
    return .milliseconds(total)
  }

  private static func milliseconds(of unit: Substring) -> Int64? {
    switch unit {
    case "ms": 1
    case "s": 1_000
    case "m": 60_000
    case "h": 3_600_000
    case "d": 86_400_000
    default: nil
    }
  }
}
