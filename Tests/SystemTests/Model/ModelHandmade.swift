import LDAP
import LDAPModel
import RollcallEngine
import Sandbox

/// Entries that somebody makes by hand, before HR has the people: a row takes over the one with its phone number, and
/// none while several entries or rows have that number.
struct ModelHandmade: Sendable {
  /// What it has done and seen.
  struct Tally: Sendable {
    var entries = 0
    /// Numbers that several entries or rows had.
    var ambiguous = 0
    /// What must not be, as ``remains(_:)`` says it.
    var wrong: [String] = []

    mutating func add(_ other: Tally) {
      entries += other.entries
      ambiguous += other.ambiguous
      wrong += other.wrong
    }
  }

  /// A number of which it cannot be told who takes over what.
  private struct Ambiguity: Sendable {
    var phone: String
    /// How often commits had been lost before.
    var losses: Int
  }

  let house: ModelHouse

  private static let mark: AttributeValue = "by hand"

  static func add(to settings: inout SiteSettings) {
    settings.schema += "\nALTER TABLE users ADD phone text;"
    settings.users += "\n  adopt: { by: telephoneNumber }"
    settings.attributes += "\n    telephoneNumber: phone"
  }

  /// A phone number, of somebody's who had this key at first.
  private static func phone(_ key: Int) -> String { "+1 555 \(key)" }

  /// No other writer gives out keys that end with this digit.
  static func firstKey(of round: Int) -> Int { 100_000 * (round + 1) + 5 }

  /// The container of entries that nobody has taken over.
  static func makePlace(_ site: Site) async throws {
    try await site.directory.modify(
      "dn: ou=old,\(site.base)\nchangetype: add\nobjectClass: organizationalUnit\nou: old\n")
  }

  // MARK: Work

  /// Goes on until the task is cancelled; nothing is ambiguous when it returns.
  func run(_ random: ModelRandom, _ round: Int) async -> Tally {
    var random = random
    var tally = Tally()
    var key = Self.firstKey(of: round)
    var ambiguous: [Ambiguity] = []
    var cleared: [Ambiguity] = []
    while !Task.isCancelled {
      try? await Task.sleep(for: random.seconds(0.2...1.5))
      if Task.isCancelled { break }
      if random.chance(25), let first = ambiguous.first {
        let losses = await house.losses
        // Not to be cancelled half done.
        guard let wrong = await Task.detached(operation: { try? await clear(first) }).value else { continue }
        ambiguous.removeFirst()
        cleared.append(Ambiguity(phone: first.phone, losses: losses))
        tally.wrong += wrong
        continue
      }
      key += 10
      let (own, drawn) = (key, random)
      _ = random.next()
      let losses = await house.losses
      guard let isAmbiguous = await Task.detached(operation: { await make(own, drawn) }).value else { continue }
      tally.entries += 1
      if isAmbiguous {
        ambiguous.append(Ambiguity(phone: Self.phone(key), losses: losses))
        tally.ambiguous += 1
      }
    }
    // A standby that took over may have lost the row's change.
    let losses = await house.losses
    for rest in ambiguous + cleared.filter({ $0.losses < losses }) {
      let wrong = await Task.detached {
        try? await eventually("\(rest.phone) is not ambiguous", poll: .milliseconds(200)) {
          try await house.site.endPrepared()
          return try await clear(rest)
        } is: { _ in
          true
        }
      }.value
      tally.wrong += wrong ?? ["\(rest.phone) remains ambiguous"]
    }
    return tally
  }

  /// Makes an entry, or two, and then one row, or two, with its number.
  ///
  /// - Returns: whether it cannot be told which is whose; nil where it is not known that there are entries.
  private func make(_ key: Int, _ drawn: ModelRandom) async -> Bool? {
    var random = drawn
    let entries = random.chance(15) ? 2 : 1
    let rows = random.chance(15) ? 2 : 1
    let (isOld, isUnix) = (random.chance(70), random.chance(30))
    let shell = ModelAccounts.shell(&random)
    let changes = house.sites.flatMap { site in
      (0..<entries).map { number in
        let name = number == 0 && random.chance(60) ? "h\(key)" : "made\(number)-\(key)"
        let account = isUnix ? "objectClass: posixAccount\nuidNumber: 1\ngidNumber: 1\nhomeDirectory: /\n" : ""
        return """
          dn: uid=\(name),\(isOld ? "ou=old," : "")\(site.base)
          changetype: add
          objectClass: inetOrgPerson
          \(account)uid: \(name)
          cn: By hand
          sn: Hand
          description: \(Self.mark.text ?? "")
          telephoneNumber: \(Self.phone(key))

          """
      }
    }
    do {
      try await house.site.directory.modify(changes.joined(separator: "\n"))
      // Whether it comes to that does not matter.
      _ = try? await house.site.sql(
        """
        INSERT INTO users (id, username, email, full_name, status, updated_at, shell, phone)
        SELECT n, 'h' || n, 'h' || n || '@example.com', 'Made ' || n, 'active', now(), \(shell), '\(Self.phone(key))'
        FROM generate_series(\(key), \(key + 10_000_000 * (rows - 1)), 10000000) AS n
        """)
      return entries > 1 || rows > 1
    } catch { return nil }
  }

  /// Leaves one entry and one row with a number, and has that looked at.
  ///
  /// - Returns: what was wrong before.
  private func clear(_ ambiguity: Ambiguity) async throws -> [String] {
    let phone = ambiguity.phone
    var wrong: [String] = []
    for site in house.sites {
      wrong += try await Self.remains(site, phone)
      let entries = try await Self.entries(site, phone)
      // Rows with one number never become more.
      let rows = try await house.site.sql("SELECT id, status, ends FROM users WHERE phone = '\(phone)'")
        .split(separator: "\n")
      if rows.count > 1, await house.losses == ambiguity.losses {
        wrong += entries.filter { !$0.isUnlinked }.map { "\(rows) have the number of \($0.dn.text)" }
      }
      for entry in entries.filter(\.isUnlinked).dropFirst() {
        try await site.directory.modify("dn: \(entry.dn.text)\nchangetype: delete\n")
      }
    }
    try await house.site.sql(
      """
      SET lock_timeout = '1s';
      UPDATE users SET updated_at = now(),
        phone = CASE id WHEN (SELECT min(id) FROM users WHERE phone = '\(phone)') THEN phone END
      WHERE phone = '\(phone)'
      """)
    return wrong
  }

  // MARK: Outcome

  private static func entries(_ site: Site, _ phone: String? = nil) async throws -> [Entry] {
    try await site.search(site.base, .subtree, ["*"]).filter { entry in
      phone.map { entry["telephoneNumber"].contains(AttributeValue($0)) } ?? !entry["telephoneNumber"].isEmpty
    }
  }

  /// Entries that nobody has taken over, although there are linked ones with the same number: whoever was made anew
  /// should have taken them over.
  static func remains(_ site: Site, _ phone: String? = nil) async throws -> [String] {
    let entries = try await entries(site, phone)
    let linked = Dictionary(grouping: entries.filter { !$0.isUnlinked }) { $0["telephoneNumber"] }
    return entries.filter(\.isUnlinked).compactMap { entry in
      linked[entry["telephoneNumber"]].map { "not taken over: \(entry.dn.text), but made anew: \($0[0].dn.text)" }
    }
  }

  /// The person's entry was made anew, though the one that was made for the same key before was there.
  fileprivate static func isMissed(_ person: Entry, from first: Int) -> Bool {
    guard let key = person["employeeNumber"].first?.text.flatMap({ Int($0) }), key >= first else { return false }
    return person["telephoneNumber"] == [AttributeValue(phone(key))] && person["description"] != [mark]
  }
}

extension ModelHouse {
  /// People for whom an entry was made by hand, and who have another one.
  ///
  /// - Parameter first: the first of the keys that count.
  func missed(from first: Int) async throws -> [String] {
    var missed: [String] = []
    for site in plan.hasHandmade ? sites : [] {
      let people = try await site.search(site.base, .subtree, ["*"])
      missed += people.filter { ModelHandmade.isMissed($0, from: first) }.map { "made anew: \($0.dn.text)" }
    }
    return missed
  }
}

extension Entry {
  fileprivate var isUnlinked: Bool { self["employeeNumber"].isEmpty }
}
