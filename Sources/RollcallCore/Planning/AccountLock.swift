import LDAPModel

/// What a plan does about the lock of an account.
enum LockChange: Sendable {
  case lock
  /// Undo only what Rollcall did.
  case unlock
  /// A lock that was set by hand stays.
  case leave
}

/// Disables entries by values that they have while they are disabled (the configuration's, or the server's own).
struct ValueLock: Sendable {
  private struct Part: Sendable {
    let rule: AttributeRule
    let values: [AttributeValue]
    /// The values replace all others; false: they are added to the existing ones.
    let isExclusive: Bool
    let isMapped: Bool
  }

  private let parts: [Part]

  init(_ attributes: [Attribute], mapped: Set<String>, _ schema: Schema) {
    parts = attributes.map { attribute in
      let rule = AttributeRule(attribute.name, schema)
      let isMapped = mapped.contains(schema.canonicalName(attribute.name))
      return Part(
        rule: rule, values: attribute.values, isExclusive: isMapped || rule.isSingleValued, isMapped: isMapped
      )
    }
  }

  var attributeNames: [String] { parts.map(\.rule.name) }

  /// The values of a mapped attribute while the entry is disabled; nil if the mapping's values apply.
  func values(instead rule: AttributeRule) -> [AttributeValue]? {
    parts.first { $0.isMapped && $0.rule.name.lowercased() == rule.name.lowercased() }?.values
  }

  /// The attributes that disable a new entry from the start.
  var attributes: [Attribute] { parts.map { Attribute($0.rule.name, $0.values) } }

  /// Empty if the entry is already disabled.
  func locking(_ entry: Entry) -> [Modification] {
    parts.flatMap { part in
      let current = part.rule.values(in: entry)
      let missing = part.values.filter { value in !current.contains { part.rule.matches($0, value) } }
      if part.isExclusive {
        let isLocked = missing.isEmpty && current.count == part.values.count
        return isLocked ? [] : part.rule.modifications(from: current, to: part.values)
      }
      return missing.isEmpty ? [] : part.rule.modifications(from: current, to: current + missing)
    }
  }

  /// Removes the remaining values that Rollcall set. Mapped attributes are left to the comparison with the mapping.
  /// - Parameter createOnly: initial values to restore where the lock was written in their place.
  func unlocking(_ entry: Entry, createOnly: [Attribute]) -> [Modification] {
    parts.filter { !$0.isMapped }.flatMap { part in
      let current = part.rule.values(in: entry)
      let kept = current.filter { value in !part.values.contains { part.rule.matches($0, value) } }
      guard kept.count < current.count else { return [Modification]() }
      let first = createOnly.first { $0.name.lowercased() == part.rule.name.lowercased() }?.values ?? []
      return part.rule.modifications(from: current, to: kept.isEmpty ? first : kept)
    }
  }
}

/// Active Directory's account control: several parties write its bits, so none is ever written blindly.
struct AccountControl: Sendable {
  let rule: AttributeRule
  /// Bits that disable; 0 if the configuration disables in another way.
  let mask: Int
  /// The value of a normal account.
  let normal: Int
  /// Bits of an account whose first password is not set yet; 0 if the add sets it.
  let unfinished: Int
  /// The value of a new account that gets no password, unless the mapping gives another.
  let passwordless: Int
  /// The attribute of the password.
  let password: String

  func value(in values: [AttributeValue]) -> Int? {
    values.first?.text.flatMap { Int($0) }
  }

  func value(in entry: Entry) -> Int? { value(in: rule.values(in: entry)) }

  func isUnfinished(_ entry: Entry) -> Bool {
    guard unfinished != 0, let value = value(in: entry) else { return false }
    return value & unfinished == unfinished
  }

  /// The modifications that set the bits to the wanted state; empty if the bits cannot be read.
  /// - Parameters:
  ///   - mapped: the mapping's value, if it has one; its lock bits are ignored.
  ///   - finishing: the password is set, so the bits of an unfinished account are cleared too.
  func modifications(
    _ entry: Entry, mapped: Int?, _ change: LockChange, finishing: Bool = false
  ) -> [Modification] {
    guard let current = value(in: entry) else { return [] }
    let base = mapped ?? (finishing ? current & ~unfinished : current)
    let lock =
      switch change {
      case .lock: mask
      case .unlock: 0
      case .leave: current & mask
      }
    let wanted = base & ~mask | lock
    return rule.modifications(from: rule.values(in: entry), to: [AttributeValue(String(wanted))])
  }
}
