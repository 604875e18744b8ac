public import LDAPModel

/// The name an entry has for the moment in which names are exchanged.
///
/// It is random, so that nobody can know it beforehand and take it. The ledger has it before the directory hears of it:
/// an entry whose exchange was cut short, and whose row wants no name by then, gets its old one back.
public struct TemporaryName: Sendable, Equatable {
  private static let prefix = "rollcall-"
  private let digits: String

  /// - Parameter random: all of its 64 bits are in the name.
  public init(random: UInt64) {
    let digits = String(random, radix: 16)
    self.digits = String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// One that nobody can guess.
  public static func random() -> TemporaryName { TemporaryName(random: .random(in: .min ... .max)) }

  /// `rollcall-` and 16 hexadecimal digits.
  public var value: AttributeValue { AttributeValue(Self.prefix + digits) }

  /// The same in 19 characters, for attributes of limited length (sAMAccountName takes 20).
  public var short: AttributeValue { AttributeValue("rc-" + digits) }

  /// The RDN `naming=rollcall-…`.
  public func rdn(naming: String) -> RelativeDistinguishedName { RelativeDistinguishedName(naming, value) }
}
