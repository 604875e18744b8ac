public import LDAPModel

/// Values that a server may treat as equal although the known matching rule distinguishes them: servers fold case,
/// accents and invisible characters in different ways.
enum LookAlikes {
  /// The same for values that some server may treat as equal; nil for octets, and for values that no server folds.
  ///
  /// It only decides whether to ask, or to write values one by one, so false positives do no harm.
  static func shape(_ value: AttributeValue) -> String? {
    guard let text = value.text else { return nil }
    var shape = String.UnicodeScalarView()
    for scalar in text.uppercased().lowercased().unicodeScalars {
      switch scalar.value {
      // Combining marks, invisible characters and white space.
      case 0x300...0x36F, 0xAD, 0x200B...0x200F, 0x2060...0x2064, 0xFE00...0xFE0F, 0xFEFF: continue
      case 0xFF01...0xFF5E: shape.append(Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar)
      case _ where scalar.properties.isWhitespace: continue
      default: shape.append(scalar)
      }
    }
    return String(shape)
  }

  /// Whether any two of these values may be equal for a server; fast if all are ASCII.
  static func areAmong(_ values: [AttributeValue]) -> Bool {
    values.count > 1 && values.contains { $0.bytes.contains { $0 >= 0x80 } }
  }
}

extension AttributeRule {
  /// The values without those that resemble an earlier one, or another one of `current` that stays.
  func firstOfLookAlikes(_ values: [AttributeValue], current: [AttributeValue] = []) -> [AttributeValue] {
    guard rule != .octetString, rule != .none, LookAlikes.areAmong(values) else { return values }
    var seen: Set<String> = []
    // Existing values are registered first; the others are compared with them.
    for value in values where current.contains(value) {
      if let shape = LookAlikes.shape(value) { seen.insert(shape) }
    }
    return values.filter { value in
      if current.contains(value) { return true }
      guard let shape = LookAlikes.shape(value) else { return true }
      return seen.insert(shape).inserted
    }
  }
}

extension Planner {
  /// Values still to be added to `entry` one by one: each may turn out to equal an existing one.
  func postponed(_ entry: Entry, _ wanted: Wanted, _ change: LockChange) -> [Modification] {
    if !wanted.hasLookAlikes { return [] }
    return attributes.flatMap { rule -> [Modification] in
      let values = rule.values(in: wanted.entry)
      guard LookAlikes.areAmong(values), change != .lock || lock.values(instead: rule) == nil else { return [] }
      let current = rule.values(in: entry)
      let now = rule.firstOfLookAlikes(values, current: current)
      return values.filter { !now.contains($0) && !current.contains($0) }.map { Modification(.add, rule.name, [$0]) }
    }
  }

  /// Values that `subject` wants beside similar ones, and that its entry does not have in this spelling: the server
  /// may treat them as present. Each with its attribute.
  public func doubts(of subject: Subject) -> [(attribute: String, value: AttributeValue)] {
    guard let entry = subject.current, let wanted = subject.desired.wanted, wanted.hasLookAlikes else { return [] }
    return attributes.flatMap { rule -> [(attribute: String, value: AttributeValue)] in
      let values = rule.values(in: wanted.entry)
      guard LookAlikes.areAmong(values) else { return [] }
      let current = rule.values(in: entry)
      let now = rule.firstOfLookAlikes(values, current: current)
      return values.filter { !now.contains($0) && !current.contains($0) }.map { (rule.name, $0) }
    }
  }
}

extension Wanted {
  /// Whether any attribute has several values of which some are not ASCII; this is rare.
  fileprivate var hasLookAlikes: Bool { entry.attributes.contains { LookAlikes.areAmong($0.values) } }
}

extension Desired {
  /// The same without a value that the entry turned out to have in another spelling.
  public func without(_ value: AttributeValue, of attribute: String) -> Desired {
    guard var wanted else { return self }
    wanted.entry[attribute] = wanted.entry[attribute].filter { $0 != value }
    return switch self {
    case .present: .present(wanted)
    case .disabled: .disabled(wanted)
    case .absent, .orphanDisabled, .untouched, .rejected, .lockedOut: self
    }
  }
}
