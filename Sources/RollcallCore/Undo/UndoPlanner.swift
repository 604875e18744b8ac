public import LDAPModel

/// Makes the inverse of rows of the journal, part by part, and says why a part cannot be undone.
///
/// The newest row is first. Each part is planned for the directory as the parts before it leave it, so that chains of
/// renames and exchanges are undone in reverse order.
public struct UndoPlanner: Sendable {
  let planner: Planner
  /// Nil if no groups are configured.
  let groups: GroupPlanner?
  /// The entries as the parts so far leave them, by normalized name; nil: the name is free.
  private var entries: [String: Entry] = [:]
  /// The memberships as the parts so far leave them.
  private var memberships: Set<Membership>

  /// A member of a group, both normalized.
  public struct Membership: Hashable, Sendable {
    private let group: String
    private let member: AttributeValue

    public init(_ group: DistinguishedName, _ attribute: String, _ member: AttributeValue, _ schema: Schema) {
      self.group = group.normalized(schema)
      self.member = schema.matchingRule(for: attribute).normalize(member, schema: schema)
    }
  }

  /// - Parameters:
  ///   - groups: how groups refer to their members; nil if none are configured.
  ///   - entries: all entries at the names of the rows, and all that carry the link of one of their keys.
  ///   - memberships: those of the rows' groups and members that exist.
  public init(_ planner: Planner, groups: GroupPlanner?, entries: [Entry], memberships: Set<Membership>) {
    self.planner = planner
    self.groups = groups
    self.memberships = memberships
    for entry in entries { self.entries[entry.dn.normalized(planner.schema)] = entry }
  }

  /// - Parameter rows: the rows, the newest first.
  public mutating func plan(_ rows: [UndoneRow]) -> [UndoPart] { rows.flatMap { parts(of: $0) } }

  private mutating func parts(of row: UndoneRow) -> [UndoPart] {
    var part = UndoPart(row: row.id, key: row.key)
    if let refusal = refusal(of: row) {
      part.refusals = [refusal]
      return [part]
    }
    switch Step.What(rawValue: row.action) {
    case .create: remove(row, &part)
    case .delete, .removeDuplicate: return restore(row, part)
    case .join, .leave: rejoin(row, &part)
    case .follow: renameBack(row, &part)
    case _ where row.newDN != nil: rename(row, &part)
    default: modify(row, &part)
    }
    return [part]
  }

  private func refusal(of row: UndoneRow) -> String? {
    if let other = row.undoneBy { return "row \(other) has taken it back already" }
    if !row.isDone { return "the directory has not confirmed it" }
    switch Step.What(rawValue: row.action) {
    case .password: return "the previous password is not known"
    case .makeGroup, .dropGroup, .makeContainer:
      return "groups and containers follow their members; take the members' rows back"
    case .refer: return "the people to whom a group refers follow the tables; change the row that names them"
    case .create, .update, .rename, .move, .temporaryRename, .disable, .enable, .delete, .removeDuplicate, .adopt,
      .join,
      .leave, .follow:
      break
    case nil: return "nothing was written to the directory"
    }
    for dn in [row.dn, row.newDN].compactMap({ $0 }) {
      if let reason = planner.protection.reason(for: dn.normalized(planner.schema)) { return "\(dn.text) \(reason)" }
    }
    if let later = row.later.first(where: { $0.isAny(of: [.create, .delete, .removeDuplicate]) }) {
      return "row \(later.id) came later and is not taken back: \(later.action)"
    }
    return nil
  }

  // MARK: Kinds

  /// Undoes a create.
  private mutating func remove(_ row: UndoneRow, _ part: inout UndoPart) {
    let current = entries.values.filter { planner.link.values(in: $0).contains(AttributeValue(row.key)) }
    guard let entry = current.first, current.count == 1 else {
      part.refusals = ["there is no entry of key \(row.key) any more"]
      return
    }
    if let later = row.later.first {
      part.refusals = ["row \(later.id) came later and is not taken back: \(later.action)"]
      return
    }
    part.step = Step(key: row.key, operation: .delete(entry.dn), what: .delete)
    entries[entry.dn.normalized(planner.schema)] = nil
  }

  private mutating func rename(_ row: UndoneRow, _ part: inout UndoPart) {
    guard let newDN = row.newDN, let entry = entry(of: row, at: newDN, &part) else { return }
    if let later = row.later.first(where: { $0.isAny(of: [.rename, .move, .temporaryRename]) }) {
      part.refusals = ["row \(later.id) came later and is not taken back: \(later.action)"]
      return
    }
    if let occupant = entries[row.dn.normalized(planner.schema)], occupant.dn != entry.dn {
      part.refusals = ["\(row.dn.text) belongs to another entry now"]
      return
    }
    guard let name = row.dn.first else { return }
    let parent = planner.hasSameParent(newDN, row.dn) ? nil : row.dn.parent
    let operation = Operation.rename(entry.dn, to: name, deleteOld: planner.deletesOld(entry, name), newParent: parent)
    let what: Step.What = parent == nil ? .rename : .move
    take(Step(key: row.key, operation: operation, what: what, oldDN: entry.dn, newDN: row.dn), entry, &part)
  }

  private mutating func modify(_ row: UndoneRow, _ part: inout UndoPart) {
    guard let entry = entry(of: row, at: row.dn, &part) else { return }
    var modifications: [Modification] = []
    for change in row.changes {
      switch inverse(of: change, entry, row) {
      case .success(let some): modifications += some
      case .failure(let refusal): part.refusals.append("\(change.name): \(refusal.text)")
      }
    }
    if modifications.isEmpty {
      if part.refusals.isEmpty { part.refusals = ["the row contains no values"] }
      return
    }
    let what: Step.What =
      row.action == Step.What.disable.rawValue
      ? .enable : row.action == Step.What.enable.rawValue ? .disable : .update
    var step = Step(key: row.key, operation: .modify(entry.dn, modifications), what: what)
    step.clearsDisable = what == .enable
    step.journalDisable = what == .disable
    take(step, entry, &part)
  }

  struct Refusal: Error {
    var text: String
  }

  private func inverse(
    of change: AttributeChange, _ entry: Entry, _ row: UndoneRow
  ) -> Result<[Modification], Refusal> {
    if change.isErased { return .failure(Refusal(text: "its values were erased")) }
    guard let removed = UndoPlanner.texts(change.removed), let added = UndoPlanner.texts(change.added) else {
      return .failure(Refusal(text: "its values are not kept"))
    }
    let name = planner.schema.canonicalName(change.name)
    if let later = row.later.first(where: { $0.attributes.contains { planner.schema.canonicalName($0) == name } }) {
      return .failure(Refusal(text: "row \(later.id) has changed it later and is not taken back"))
    }
    let modifications =
      (added.isEmpty ? [] : [Modification(.delete, change.name, added)])
      + (removed.isEmpty ? [] : [Modification(.add, change.name, removed)])
    do throws(ResultCode) {
      _ = try Operation.modify(entry.dn, modifications).performed(on: entry, planner.schema)
    } catch {
      let now = entry[change.name].compactMap(\.text).map { "\"\($0)\"" }.joined(separator: ", ")
      return .failure(
        Refusal(
          text: now.isEmpty
            ? "it is not as the row left it: it is empty now" : "it is not as the row left it: it is \(now) now"))
    }
    return .success(modifications)
  }

  private mutating func rejoin(_ row: UndoneRow, _ part: inout UndoPart) {
    let change = row.changes.first
    let attribute = change?.name ?? groups?.rules.member ?? UndoPlanner.member
    guard
      let member = (UndoPlanner.texts(change?.added) ?? []).first ?? (UndoPlanner.texts(change?.removed) ?? []).first
    else {
      part.refusals = [change?.isErased == true ? "its values were erased" : "its values are not kept"]
      return
    }
    let membership = membership(row.dn, attribute, member)
    let isJoin = row.action == Step.What.join.rawValue
    guard memberships.contains(membership) == isJoin else {
      part.refusals = [isJoin ? "it is not in the group any more" : "it is in the group again"]
      return
    }
    if isJoin { memberships.remove(membership) } else { memberships.insert(membership) }
    part.step = Step(
      key: row.key, operation: .modify(row.dn, [Modification(isJoin ? .delete : .add, attribute, [member])]),
      what: isJoin ? .leave : .join)
  }

  /// Undoes the replacement of a member's name in a group.
  private mutating func renameBack(_ row: UndoneRow, _ part: inout UndoPart) {
    guard let change = row.changes.first, let old = UndoPlanner.texts(change.removed),
      let new = UndoPlanner.texts(change.added), !old.isEmpty, !new.isEmpty
    else {
      part.refusals = [row.changes.first?.isErased == true ? "its values were erased" : "its values are not kept"]
      return
    }
    let now = new.map { membership(row.dn, change.name, $0) }
    guard now.allSatisfy(memberships.contains) else {
      part.refusals = ["it is not in the group by this name any more"]
      return
    }
    memberships.subtract(now)
    memberships.formUnion(old.map { membership(row.dn, change.name, $0) })
    part.step = Step(
      key: row.key,
      operation: .modify(row.dn, [Modification(.delete, change.name, new), Modification(.add, change.name, old)]),
      what: .follow)
  }

  /// Undoes a delete: restores the entry and its memberships.
  private mutating func restore(_ row: UndoneRow, _ first: UndoPart) -> [UndoPart] {
    var part = first
    if row.changes.contains(where: \.isErased) {
      part.refusals = ["its values were erased"]
      return [part]
    }
    if let there = entries.values.first(where: { planner.link.values(in: $0).contains(AttributeValue(row.key)) }) {
      part.refusals = ["key \(row.key) has an entry again: \(there.dn.text)"]
      return [part]
    }
    if entries[row.dn.normalized(planner.schema)] != nil {
      part.refusals = ["\(row.dn.text) belongs to another entry now"]
      return [part]
    }
    let restored = RestoredEntry(row, planner)
    part.notes = restored.notes
    part.refusals = restored.losses
    guard let entry = restored.entry else { return [part] }
    var step = Step(key: row.key, operation: .add(entry.dn, entry.attributes), what: .create)
    step.journalDisable = restored.isDisabled
    part.step = step
    entries[entry.dn.normalized(planner.schema)] = entry
    return [part] + restored.groups.compactMap { group in rejoining(group, row, entry) }
  }

  private mutating func rejoining(_ group: DistinguishedName, _ row: UndoneRow, _ entry: Entry) -> UndoPart? {
    let own = groups.flatMap { group.isBelow($0.rules.base, planner.schema) ? $0 : nil }
    let attribute = own?.rules.member ?? UndoPlanner.member
    let value = own.map { $0.value(of: entry.dn) } ?? AttributeValue(entry.dn.text)
    guard let value else { return nil }
    let membership = membership(group, attribute, value)
    // A row for the same person's leaving has already restored it, or is about to.
    guard memberships.insert(membership).inserted else { return nil }
    var part = UndoPart(row: row.id, key: row.key)
    part.step = Step(key: row.key, operation: .modify(group, [Modification(.add, attribute, [value])]), what: .join)
    return part
  }

  // MARK: Common

  private mutating func take(_ step: Step, _ entry: Entry, _ part: inout UndoPart) {
    guard let after = step.operation.applied(to: entry, planner.schema) else { return }
    part.step = step
    entries[entry.dn.normalized(planner.schema)] = nil
    entries[after.dn.normalized(planner.schema)] = after
  }

  private func entry(of row: UndoneRow, at dn: DistinguishedName, _ part: inout UndoPart) -> Entry? {
    guard let entry = entries[dn.normalized(planner.schema)] else {
      part.refusals = ["there is no entry \(dn.text) any more"]
      return nil
    }
    if let wanted = row.entryID, let id = planner.dialect.entryID(of: entry), wanted != id {
      part.refusals = ["\(dn.text) is another entry now"]
      return nil
    }
    return entry
  }

  private func membership(_ group: DistinguishedName, _ attribute: String, _ member: AttributeValue) -> Membership {
    Membership(group, attribute, member, planner.schema)
  }

  /// The member attribute of groups that are not ours, unless a row names another.
  private static let member = "member"

  /// The texts of values; nil if one of them was not kept in full.
  static func texts(_ values: [HistoryValue]?) -> [AttributeValue]? {
    guard let values else { return nil }
    var texts: [AttributeValue] = []
    for value in values {
      guard case .text(let text) = value else { return nil }
      texts.append(AttributeValue(text))
    }
    return texts
  }
}
