import LDAPModel
import RollcallCore
import Testing

extension World {
  var lock: [Attribute] {
    switch kind {
    case _ where !rules.disable.isEmpty: rules.disable
    case .openldap: [Attribute("pwdAccountLockedTime", ["000001010000Z"])]
    case .directory389: [Attribute("nsAccountLock", ["true"])]
    case .activeDirectory: []
    }
  }

  func isLocked(_ entry: Entry) -> Bool {
    if kind == .activeDirectory { return (Int(entry["userAccountControl"].first?.text ?? "") ?? 0) & 2 != 0 }
    return lock.allSatisfy { part in part.values.allSatisfy { entry[part.name].contains($0) } }
  }

  /// A person writes a remark on every entry, and locks some that are not locked.
  mutating func handsOn() throws {
    for entry in engine.directory.all {
      guard let key = entry.key(rules) else { continue }
      if !entry["description"].contains("by hand") {
        try engine.directory.apply(.modify(entry.dn, [Modification(.add, "description", ["by hand"])]))
      }
      let isMapped = lock.contains { rules.attributes.contains($0.name) }
      if random.chance(10), !isMapped, !isLocked(entry),
        case .present = engine.projection.desired(for: engine.rows[key])
      {
        lockedByHand.insert(key)
        try engine.directory.apply(.modify(entry.dn, handLock(entry)))
      }
    }
    let there = Set(engine.directory.all.compactMap { $0.key(rules) })
    lockedByHand.formIntersection(there)
  }

  private func handLock(_ entry: Entry) -> [Modification] {
    guard kind == .activeDirectory else {
      return lock.map { part in
        let isSingle = engine.directory.schema.attributeType(part.name)?.singleValue == true
        return Modification(isSingle ? .replace : .add, part.name, part.values)
      }
    }
    let value = Int(entry["userAccountControl"].first?.text ?? "") ?? 0
    return [Modification(.replace, "userAccountControl", [AttributeValue(String(value | 2))])]
  }

  /// The directory equals the projection of the roster, but for keys that are parked for a reason that holds.
  func check(before: [Entry], _ comment: Comment) throws {
    let byKey = Dictionary(grouping: engine.directory.all) { $0.key(rules) ?? "" }
    let old = Dictionary(before.map { ($0.key(rules) ?? "", $0) }) { first, _ in first }
    for key in engine.keys {
      let entries = byKey[key] ?? []
      try #require(entries.count <= 1, comment)
      if let problem = engine.parked[key] {
        let blocks = try #require(problem.blocks, comment)
        #expect(problem.reason == .nameTaken, comment)
        #expect(holders(of: blocks).contains { $0 != key }, "\(comment): \(problem)")
        checkParked(key, entries.first, before: old[key], comment)
        continue
      }
      switch engine.projection.desired(for: engine.rows[key]) {
      case .present(let wanted):
        let entry = try #require(entries.first, comment)
        check(entry, wanted, isDisabled: false, comment)
        #expect(
          isLocked(entry) == (lockedByHand.contains(key) || isPasswordless), "lock of \(key): \(comment)")
        #expect(!engine.disabled.contains(key), comment)
      case .disabled(let wanted):
        let entry = try #require(entries.first, comment)
        check(entry, wanted, isDisabled: true, comment)
        #expect(isLocked(entry), comment)
      case .absent: #expect(entries.isEmpty, comment)
      case .orphanDisabled:
        #expect(entries.allSatisfy(isLocked), comment)
        #expect(entries.first?.dn == old[key]?.dn, comment)
      case .untouched: #expect(entries.first == old[key], comment)
      case .rejected(let problem), .lockedOut(let problem): Issue.record("\(problem)")
      }
    }
  }

  /// What is set aside stays as it is, but for being disabled, which does not wait.
  private func checkParked(_ key: RosterKey, _ entry: Entry?, before: Entry?, _ comment: Comment) {
    guard case .disabled = engine.projection.desired(for: engine.rows[key]), let entry, let before else {
      #expect(entry == before, "a parked entry was touched: \(comment)")
      return
    }
    #expect(isLocked(entry), "\(key) is parked and not disabled: \(comment)")
    let rest = { (entry: Entry) in
      var entry = entry
      for name in lock.map(\.name) + ["userAccountControl"] { entry[name] = [] }
      return entry
    }
    #expect(rest(entry) == rest(before), "a parked entry was touched: \(comment)")
  }

  /// Active Directory accounts that never get a password stay disabled.
  private var isPasswordless: Bool { kind == .activeDirectory && !rules.hasPassword }

  private func holders(of resource: String) -> [RosterKey] {
    let schema = engine.directory.schema
    return engine.directory.all.filter { entry in
      if entry.dn.normalized(schema) == resource { return true }
      guard let colon = resource.firstIndex(of: ":") else { return false }
      let value = AttributeValue(resource[colon...].dropFirst(2))
      let attribute = String(resource[..<colon])
      return entry[attribute].contains {
        schema.matchingRule(for: attribute).matches($0, value, schema: schema)
      }
    }.compactMap { $0.key(rules) }
  }

  private func check(_ entry: Entry, _ wanted: Wanted, isDisabled: Bool, _ comment: Comment) {
    let schema = engine.directory.schema
    #expect(entry.dn.isEquivalent(to: wanted.entry.dn, schema), comment)
    #expect(
      entry["description"].contains("by hand") || entry["description"].isEmpty || !rules.disable.isEmpty)
    for name in rules.attributes {
      var want = Set(wanted.entry[name])
      if isDisabled, let part = lock.first(where: { $0.name == name }) { want = Set(part.values) }
      var have = Set(entry[name])
      if name == "manager" {
        let rule = schema.matchingRule(for: name)
        want = Set(want.map { rule.normalize($0, schema: schema) })
        have = Set(have.map { rule.normalize($0, schema: schema) })
      }
      #expect(have == want, "\(name) of \(entry.dn): \(comment)")
    }
    if rules.hasPassword {
      let password: AttributeValue = "secret"
      let expected =
        kind == .activeDirectory
        ? entry["unicodePwd"] == [ActiveDirectory().encode(password: password)]
        : entry["userPassword"] == [password]
      #expect(expected, "password of \(entry.dn): \(comment)")
    }
  }
}

extension Entry {
  /// The key that its link carries.
  func key(_ rules: UserRules) -> RosterKey? { self[rules.link].first?.text.map { RosterKey($0) } }
}
