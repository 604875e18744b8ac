/// A point in time, to the millisecond.
package struct Moment: Sendable, Equatable, Comparable {
  /// Since 1970-01-01T00:00:00Z.
  package var seconds: Double

  package init(seconds: Double) { self.seconds = seconds }

  package static func < (one: Moment, other: Moment) -> Bool { one.seconds < other.seconds }

  package static func + (moment: Moment, seconds: Double) -> Moment { Moment(seconds: moment.seconds + seconds) }

  /// Reads RFC 3339 in UTC, as the program writes all times: `2026-11-27T09:00:00.123Z`; nil for another text.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month), (1...31).contains(day),
      hour < 24, minute < 60, second <= 60, bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
      bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
    else { return nil }
    var fraction = 0.0
    if bytes[19] == UInt8(ascii: ".") {
      guard let digits = number(20..<min(bytes.count - 1, 29)), bytes.count > 21 else { return nil }
      fraction = Double(digits)
      for _ in 20..<min(bytes.count - 1, 29) { fraction /= 10 }
    } else if bytes.count != 20 {
      return nil
    }
    let days = Moment.days(year, month, day)
    seconds = Double(days * 86_400 + hour * 3600 + minute * 60 + second) + fraction
  }

  /// Days since 1970-01-01 in the Gregorian calendar; the year begins in March, so that a leap day is its last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// What a calendar and a clock show in UTC.
  var parts: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let whole = Int(seconds.rounded(.down))
    let day = (whole >= 0 ? whole : whole - 86_399) / 86_400
    let rest = whole - day * 86_400
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    return (
      yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
      dayOfYear - (153 * month + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60
    )
  }

  /// `2026-11-27T09:00:00Z`
  package var rfc3339: String { "\(date)T\(clock)Z" }

  /// `2026-11-27 09:00:00 UTC`
  var exact: String { "\(date) \(clock) UTC" }

  /// `2026-11-27`
  var date: String {
    let parts = self.parts
    let year = String(parts.year)
    return "\(String(repeating: "0", count: max(0, 4 - year.count)))\(year)-\(two(parts.month))-\(two(parts.day))"
  }

  /// `09:00:00`
  var clock: String { "\(hourAndMinute):\(two(parts.second))" }

  /// `09:00`
  var hourAndMinute: String { "\(two(parts.hour)):\(two(parts.minute))" }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
