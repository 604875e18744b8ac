public import LDAPModel

/// A server's own format of a time.
public enum TimeForm: Sendable {
  /// Generalized time with one digit of fractional seconds: `20270331215959.0Z`.
  case tenths
  /// A decimal number of intervals of 100 ns since 1601-01-01 00:00 UTC.
  case fileTime

  /// Seconds from 1601 to 1970.
  private static let epoch = 11_644_473_600

  /// Converts a generalized time (RFC 4517 section 3.3.13) to this form, to the second; keeps any other value.
  public func value(of moment: AttributeValue) -> AttributeValue {
    guard let seconds = moment.secondsOfGeneralizedTime else { return moment }
    switch self {
    case .tenths:
      let inUTC = MatchingRule.generalizedTime.normalize(moment).bytes
      return AttributeValue(bytes: Array(inUTC.prefix(14)) + Array(".0Z".utf8))
    case .fileTime: return AttributeValue(String((seconds + TimeForm.epoch) * 10_000_000))
    }
  }
}
