internal import LDAPModel
internal import PlainText
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine

/// The state of the table: the first three steps.
extension Observation {
  func rowStep() -> Explanation.Step {
    let key = self.key.shown
    let evidence: [Explanation.Evidence?] = [
      .flag("exists", exists), .text("changed_at", change?.at), .text("xid", change?.xid),
      .flag("settled", change?.isSettled), change?.isUrgent == true ? .flag("urgent", true) : nil,
      .list("capture", capture),
    ]
    if let database { return .init(.row, .error, "the database cannot be queried: \(database)") }
    let last =
      change.map { change in
        "; last logged change \(change.at), transaction \(change.xid)"
          + (change.isSettled
            ? "" : change.isUrgent ? ", which goes ahead of others, not settled yet" : ", not settled yet")
      } ?? "; the change log has no change to it (settled changes are deleted)"
    let text: String
    switch row {
    case .unread(let reason): return .init(.row, .error, "it could not be read: \(reason)", evidence)
    case .missing: text = "no row has the key \(key)" + (change == nil ? "" : last)
    case .impossible(let problem): text = "no row can have the key \(key): \(problem.message)"
    case .found, .failing: text = "a row has the key \(key)" + last
    }
    if let problem = capture.first { return .init(.row, .error, "\(text); but \(problem)", evidence) }
    return .init(.row, exists == true ? .ok : .no, text, evidence)
  }

  private var exists: Bool? {
    switch row {
    case .unread: nil
    case .missing, .impossible: false
    case .found, .failing: true
    }
  }

  func scopeStep(_ configuration: Configuration) -> Explanation.Step {
    let columns = columns.map {
      Explanation.Evidence.Row(name: $0.name, values: $0.value.map { [$0] }, isList: false)
    }
    let flags: (scope: Bool?, active: Bool)
    switch row {
    case .found(let row): flags = (row.inScope, row.active)
    case .failing(_, let active): flags = (nil, active)
    case .missing, .impossible: return .init(.scope, .no, "there is no row")
    case .unread: return .init(.scope, .error, "the row could not be read")
    }
    let evidence: [Explanation.Evidence?] = [
      .flag("where", flags.scope), .flag("active", flags.active), .table("columns", columns),
    ]
    if flags.scope == false {
      return .init(.scope, .no, "source.where excludes the row, so there should be no active entry", evidence)
    }
    let scope = configuration.source.where == nil ? "every row is in scope" : "source.where includes the row"
    if !flags.active {
      let then =
        switch configuration.users.inactive {
        case .delete: "the entry is to be deleted"
        case .disable: "the entry is to be disabled"
        case .keep: "the entry stays as it is"
        }
      return .init(.scope, .no, "source.active says that the person is inactive: \(then)", evidence)
    }
    let active = configuration.source.active == nil ? "every row is active" : "source.active says active"
    return .init(.scope, .ok, "\(scope), \(active)", evidence)
  }

  func mappingStep(_ configuration: Configuration) -> Explanation.Step {
    switch row {
    case .missing, .impossible: return .init(.mapping, .no, "there is no row")
    case .unread(let reason):
      return .init(.mapping, .error, reason.isEmpty ? "the row could not be read" : reason)
    case .failing(let problem, _):
      return .init(.mapping, .error, problem.message, [.text("reason", problem.reason.rawValue)])
    case .found(let row):
      let values = Explanation.Evidence.table("attributes", attributes(of: row, configuration))
      let groups = row.membership.map { Observation.shown($0) }
      if let problem = mappingProblem {
        return .init(
          .mapping, .error, problem.message,
          [.text("reason", problem.reason.rawValue), values, .list("groups", groups)])
      }
      guard let wanted else {
        return .init(.mapping, row.inScope ? .ok : .no, "no entry is wanted", [values, .list("groups", groups)])
      }
      // Who has no entry is left out until there is one.
      let missing = wanted.references.flatMap { reference in reference.missing.map { (reference.attribute, $0) } }
      let without = missing.map { "; without \($0.0): key \($0.1.shown) has no entry" }.joined()
      let referring = groupsReferring
      return .init(
        .mapping, .ok, wanted.entry.dn.text.excerpt() + without + referring.text,
        [
          .text("dn", wanted.entry.dn.text), values, .list("groups", groups),
          missing.isEmpty ? nil : .list("unresolved", missing.map { "\($0.0): \($0.1.shown)" }),
          referring.names.isEmpty ? nil : .list("referring", referring.names),
        ])
    }
  }

  /// The groups that are to have the person's DN in other attributes than the members', and which of the person's groups
  /// go without somebody.
  private var groupsReferring: (text: String, names: [String]) {
    var text = ""
    var names: [String] = []
    for look in rehearsal?.groupReferences ?? [] {
      for reference in look.references {
        if reference.targets.contains(key) { names.append("\(reference.attribute) of \(look.group.dn.text)") }
        for other in reference.missing where other != key {
          text += "; \(look.group.dn.text.excerpt()) without \(reference.attribute): key \(other.shown) has no entry"
        }
      }
    }
    for problem in rehearsal?.failingReferences ?? [] { text += "; \(problem.message)" }
    return (names.map { "; \($0.excerpt())" }.joined() + text, names)
  }

  /// The entry that the mapping makes of the row; nil if it makes none, or the directory's schema is unknown.
  var wanted: Wanted? {
    switch subject?.desired {
    case .present(let wanted)?, .disabled(let wanted)?: wanted
    default: nil
    }
  }

  private var mappingProblem: Problem? {
    switch subject?.desired {
    case .rejected(let problem)?, .lockedOut(let problem)?: problem
    default: nil
    }
  }

  /// The values by configuration key; those of passwords are hidden.
  private func attributes(of row: RosterRow, _ configuration: Configuration) -> [Explanation.Evidence.Row] {
    zip(RosterQuery(configuration).expressions, row.values).map { expression, values in
      let name = expression.path.replacing("users.attributes.", with: "").replacing("users.", with: "")
      let isHidden = expression.isSecret || hidden.contains { $0.lowercased() == name.lowercased() }
      let shown = isHidden ? values.map { _ in "***" } : values.map(Observation.shown)
      return Explanation.Evidence.Row(name: name, values: shown, isList: true)
    }
  }

  private static func shown(_ value: AttributeValue) -> String { value.text?.excerpt() ?? "\(value)" }
}
