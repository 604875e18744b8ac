public import LDAPModel

/// The name that an entry has while names are exchanged.
///
/// It is random, so that nobody can predict and take it. It is written to the ledger before it is sent to the
/// directory: if the exchange is interrupted and the row wants no name by then, the entry gets its old name back.
public struct TemporaryName: Sendable, Equatable {
  private static let prefix = "rollcall-"
  private let digits: String

  /// - Parameter random: all of its 64 bits are in the name.
  public init(random: UInt64) {
    let digits = String(random, radix: 16)
    self.digits = String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A name that nobody can guess.
  public static func random() -> TemporaryName { TemporaryName(random: .random(in: .min ... .max)) }

  /// `rollcall-` and 16 hexadecimal digits.
  public var value: AttributeValue { AttributeValue(Self.prefix + digits) }

  /// The same in 19 characters, for attributes of limited length (sAMAccountName takes 20).
  public var short: AttributeValue { AttributeValue("rc-" + digits) }

  /// The RDN `naming=rollcall-…`.
  public func rdn(naming: String) -> RelativeDistinguishedName { RelativeDistinguishedName(naming, value) }
}
