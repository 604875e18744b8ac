import LDAPModel

/// Passwords that follow the table. What the directory has cannot be read, so the ledger says whether it is up to date.
extension Planner {
  /// The attribute that carries a password.
  public var passwordAttribute: String {
    switch dialect.firstPassword {
    case .added(let attribute), .modified(let attribute, _, _, _, _): attribute
    }
  }

  /// The change of the password, if the row has another than was written last. A row without one leaves it as it is.
  func newPassword(_ entry: Entry, _ wanted: Wanted, _ subject: Subject) -> [Modification] {
    // The first password of an account that is still unfinished is set in a step of its own.
    guard subject.hasNewPassword, let password = wanted.password, !isUnfinished(entry, wanted, subject) else {
      return []
    }
    return [Modification(.replace, passwordAttribute, [dialect.encode(password: password)])]
  }

  /// Writes mapped values again that the server changes with each password.
  func restoringMapped(_ wanted: Wanted, after step: Step?) -> [Modification] {
    guard let step, isPasswordSent(by: step) else { return [] }
    return passwordSideEffects.compactMap { rule in
      let values = rule.values(in: wanted.entry)
      return values.isEmpty ? nil : Modification(.replace, rule.name, values)
    }
  }

  /// Whether a step carries a person's password.
  public func isPasswordSent(by step: Step) -> Bool {
    switch step.operation {
    case .add(_, let attributes): attributes.contains { isPassword($0.name) }
    case .modify(_, let modifications): modifications.contains { isPassword($0.attribute) }
    case .delete, .rename: false
    }
  }

  /// Whether a modify changes the password and nothing else.
  func isPasswordOnly(_ modifications: [Modification]) -> Bool {
    modifications.allSatisfy { isPassword($0.attribute) }
  }

  private func isPassword(_ attribute: String) -> Bool { attribute.lowercased() == passwordAttribute.lowercased() }
}
