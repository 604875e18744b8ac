/// A time in generalizedTime (RFC 4517 section 3.3.13), converted to UTC.
struct GeneralizedTime {
  /// Seconds since 1970-01-01 00:00 UTC, without leap seconds.
  private(set) var seconds: Int
  /// Digits of the fraction of a second, without trailing zeros.
  private var fraction: [UInt8] = []

  /// `YYYYMMDDHH[MM[SS]][.fraction]` and `Z` or `±HH[MM]`; the fraction applies to the last unit given.
  init?(parsing bytes: [UInt8]) {
    var position = 0
    func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
      guard position + digits <= bytes.count else { return nil }
      var value = 0
      for octet in bytes[position..<position + digits] {
        guard octet.isASCIIDigit else { return nil }
        value = value * 10 + Int(octet - ASCII.zero)
      }
      guard range ~= value else { return nil }
      position += digits
      return value
    }
    guard let year = number(4, 0...9999), let month = number(2, 1...12), let day = number(2, 1...31),
      day <= GeneralizedTime.days(inMonth: month, of: year), let hour = number(2, 0...23)
    else { return nil }
    seconds = GeneralizedTime.days(toYear: year, month: month, day: day) * 86_400 + hour * 3600
    var unit = 3600
    if position < bytes.count, bytes[position].isASCIIDigit {
      guard let minute = number(2, 0...59) else { return nil }
      seconds += minute * 60
      unit = 60
      if position < bytes.count, bytes[position].isASCIIDigit {
        guard let second = number(2, 0...60) else { return nil }
        seconds += second
        unit = 1
      }
    }
    if position < bytes.count, bytes[position] == ASCII.dot || bytes[position] == ASCII.comma {
      let digits = bytes[(position + 1)...].prefix { $0.isASCIIDigit }
      guard !digits.isEmpty, addFraction(digits, of: unit) else { return nil }
      position = digits.endIndex
    }
    guard position < bytes.count else { return nil }
    let sign = bytes[position]
    position += 1
    if sign == ASCII.plus || sign == ASCII.hyphen {
      guard let hours = number(2, 0...23) else { return nil }
      var offset = hours * 3600
      if position < bytes.count {
        guard let minutes = number(2, 0...59) else { return nil }
        offset += minutes * 60
      }
      seconds += sign == ASCII.plus ? -offset : offset
    } else if sign.asciiUppercased != 0x5A {
      return nil
    }
    let inUTC = GeneralizedTime.date(ofDay: floorDivide(seconds, 86_400))
    guard position == bytes.count, 0...9999 ~= inUTC.year else { return nil }
  }

  /// False if the digits overflow the arithmetic.
  private mutating func addFraction(_ digits: ArraySlice<UInt8>, of unit: Int) -> Bool {
    let significant = digits[..<((digits.lastIndex { $0 != ASCII.zero }).map { $0 + 1 } ?? digits.startIndex)]
    guard unit > 1 else {
      fraction = Array(significant)
      return true
    }
    guard significant.count <= 14 else { return false }
    var (value, scale) = (0, 1)
    for digit in significant {
      value = value * 10 + Int(digit - ASCII.zero)
      scale *= 10
    }
    seconds += value * unit / scale
    var rest = value * unit % scale
    while rest > 0 {
      rest *= 10
      fraction.append(ASCII.zero + UInt8(rest / scale))
      rest %= scale
    }
    return true
  }

  /// `YYYYMMDDHHMMSS[.fraction]Z`.
  var text: [UInt8] {
    let day = floorDivide(seconds, 86_400)
    let second = seconds - day * 86_400
    let date = GeneralizedTime.date(ofDay: day)
    var out: [UInt8] = []
    func append(_ value: Int, _ digits: Int) {
      let text = String(value).utf8
      out.append(contentsOf: repeatElement(ASCII.zero, count: max(0, digits - text.count)))
      out.append(contentsOf: text)
    }
    append(date.year, 4)
    append(date.month, 2)
    append(date.day, 2)
    append(second / 3600, 2)
    append(second / 60 % 60, 2)
    append(second % 60, 2)
    if !fraction.isEmpty { out += [ASCII.dot] + fraction }
    out.append(0x5A)
    return out
  }

  /// Nil outside the years 1 to 9999.
  func earlier(by offset: Int) -> GeneralizedTime? {
    var time = self
    time.seconds -= offset
    let year = GeneralizedTime.date(ofDay: floorDivide(time.seconds, 86_400)).year
    return 1...9999 ~= year ? time : nil
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 in the Gregorian calendar; years start in March, so that the leap day is last.
  private static func days(toYear year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = floorDivide(year, 400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The inverse of ``days(toYear:month:day:)``.
  private static func date(ofDay days: Int) -> (year: Int, month: Int, day: Int) {
    let days = days + 719_468
    let era = floorDivide(days, 146_097)
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}

private func floorDivide(_ dividend: Int, _ divisor: Int) -> Int {
  dividend >= 0 ? dividend / divisor : (dividend - divisor + 1) / divisor
}

extension AttributeValue {
  /// The time in generalizedTime (RFC 4517 section 3.3.13), in seconds since 1970-01-01 00:00 UTC without its
  /// fraction; nil if the value is not a time.
  public var secondsOfGeneralizedTime: Int? { GeneralizedTime(parsing: bytes)?.seconds }

  /// A local time as generalizedTime in UTC; nil if it is not a time, or outside the years 1 to 9999.
  ///
  /// - Parameters:
  ///   - digits: `YYYYMMDDHHMMSS[.fraction]`.
  ///   - offset: by how many seconds the local time is ahead of UTC.
  public static func generalizedTime(local digits: [UInt8], offset: Int) -> AttributeValue? {
    guard let time = GeneralizedTime(parsing: digits + [0x5A])?.earlier(by: offset) else { return nil }
    return AttributeValue(bytes: time.text)
  }
}
