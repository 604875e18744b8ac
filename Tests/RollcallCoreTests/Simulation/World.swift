import LDAPModel
import RollcallCore

/// A random roster over a random configuration, and a directory that follows it.
struct World {
  enum Kind: CaseIterable {
    case openldap
    case directory389
    case activeDirectory
  }

  var random: SeededRandom
  let kind: Kind
  let rules: UserRules
  var engine: SimulatedEngine
  /// Locked by a person: nothing may unlock these while their entries last.
  var lockedByHand: Set<RosterKey> = []
  private var nextKey = 1
  private let names: [String]

  init(seed: Int) {
    random = SeededRandom(seed)
    kind = Kind.allCases.randomElement(using: &random) ?? .openldap
    let dialect: any Dialect =
      switch kind {
      case .openldap: OpenLDAP()
      case .directory389: Directory389()
      case .activeDirectory: ActiveDirectory()
      }
    rules = World.rules(kind, &random)
    names = (0..<14).map { ["ann", "bob", "c,d", "#eve", "fritz+", "gün", "日本"][$0 % 7] + String($0) }
    let directory = SimulatedDirectory(
      [], People.schema, uniques: dialect.uniqueAttributes.map(\.name) + [rules.link])
    engine = SimulatedEngine(rules, dialect, directory, [])
  }

  private static func rules(_ kind: Kind, _ random: inout SeededRandom) -> UserRules {
    var rules = People.rules
    rules.attributes += ["telephoneNumber", "jpegPhoto", "manager", "displayName"]
    rules.createOnly = ["loginShell"]
    rules.hasPassword = random.chance(50)
    if kind == .activeDirectory {
      rules.naming = "cn"
      rules.classes = ["user"]
      rules.attributes = ["cn", "sn", "sAMAccountName", "userPrincipalName", "mail"]
      rules.createOnly = []
    }
    if random.chance(40) { rules.containers = ["ou"] }
    rules.inactive = InactivePolicy.allCases.randomElement(using: &random) ?? .disable
    rules.removed = RemovedPolicy.allCases.randomElement(using: &random) ?? .delete
    if random.chance(40), kind != .activeDirectory {
      rules.disable =
        [
          [Attribute("loginShell", ["/sbin/nologin"])],
          [Attribute("displayName", ["left us"]), Attribute("description", ["disabled"])],
        ].randomElement(using: &random) ?? []
    }
    return rules
  }

  /// A row with the names of these numbers; a spelling may vary by case.
  private mutating func row(_ key: RosterKey, _ name: Int, _ login: Int) -> RosterRow {
    let spell = { (name: String, upper: Bool) in AttributeValue(upper ? name.uppercased() : name) }
    let (one, two) = (spell(names[name], random.chance(20)), spell(names[login], random.chance(20)))
    let mails = (0..<Int.random(in: 0...3, using: &random)).map { AttributeValue("m\($0)@example.com") }
    let sn = AttributeValue(["Smith", "SMITH", "Jones"].randomElement(using: &random) ?? "")
    var values: [[AttributeValue]] = [[one], [sn], [two], [], mails]
    if kind == .activeDirectory {
      if random.chance(70) { values[3] = [AttributeValue((two.text ?? "") + "@x")] }
    } else {
      values = [[one], [spell(names[login], false)], [sn], mails]
      values.append(random.chance(50) ? ["+1 555 1234"] : ["+15551234", "+1 555-9"])
      values.append(random.chance(50) ? [AttributeValue(bytes: [0xFF, 0])] : [])
      values.append(random.chance(50) ? ["UID=x, ou=users,dc=example,dc=com"] : [])
      values.append(random.chance(50) ? [sn] : [])
      values.append(["/bin/sh"])
    }
    if rules.hasPassword { values.append(["secret"]) }
    if !rules.containers.isEmpty {
      values.append(random.chance(30) ? [] : random.chance(50) ? ["a,b"] : ["IT"])
    }
    return RosterRow(key: key, inScope: !random.chance(8), active: !random.chance(20), values: values)
  }

  /// Changes the roster as a night of HR might: joins, leaves, exchanges of names, everything.
  /// - Parameter distinct: no two rows have one name.
  mutating func mutateRoster(distinct: Bool) {
    var keys = engine.rows.keys.sorted().filter { _ in !random.chance(15) }
    for _ in 0..<Int.random(in: 0...4, using: &random) where keys.count < names.count {
      keys.append(RosterKey(String(nextKey)))
      nextKey += 1
    }
    let everything = random.chance(50)
    var free = Array(names.indices).shuffled(using: &random)
    var freeLogins = Array(names.indices).shuffled(using: &random)
    var rows: [RosterKey: RosterRow] = [:]
    for key in keys {
      let name = distinct ? free.removeLast() : Int.random(in: 0..<5, using: &random)
      let login = distinct ? freeLogins.removeLast() : Int.random(in: 0..<5, using: &random)
      rows[key] = row(key, name, login)
    }
    if !everything { keepSome(of: &rows, distinct: distinct) }
    engine.rows = rows
  }

  /// Most rows stay as they were, the others have the names that are left or those of each other.
  private mutating func keepSome(of rows: inout [RosterKey: RosterRow], distinct: Bool) {
    let naming = kind == .activeDirectory ? [0, 2, 3] : [0]
    let kept = engine.rows.keys.sorted().filter { rows[$0] != nil && random.chance(60) }
    let old = engine.rows.filter { kept.contains($0.key) }
    guard distinct else { return rows.merge(old) { $1 } }
    var taken = old.values.map { row in
      naming.map { row.values[$0].compactMap(\.text).map { $0.lowercased() } }
    }
    var result = old
    for (key, row) in rows.sorted(by: { $0.key < $1.key }) where old[key] == nil {
      let mine = naming.map { row.values[$0].compactMap(\.text).map { $0.lowercased() } }
      let clashes = taken.contains { other in zip(other, mine).contains { !$0.isEmpty && $0 == $1 } }
      if clashes { continue }
      taken.append(mine)
      result[key] = row
    }
    rows = result
  }
}
