import LDAP
import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox

@testable import RollcallAdministration

/// Pins and unpins people at random, and looks whether anything is written for them meanwhile.
struct ModelOperator: Sendable {
  let house: ModelHouse
  /// Which of those that work side by side: each has people of its own.
  let number: Int
  static let count = 3

  /// What it has done and seen.
  struct Tally: Sendable {
    var pins = 0
    /// Pinned people whose entries were compared with what they were when the pin was confirmed.
    var compared = 0
    /// Entries that were written in between.
    var written: [String] = []

    mutating func add(_ other: Tally) {
      pins += other.pins
      compared += other.compared
      written += other.written
    }
  }

  private var site: Site { house.site }

  /// Goes on until the task is cancelled; who is pinned then stays pinned.
  func run(_ random: ModelRandom) async -> Tally {
    var random = random
    var tally = Tally()
    // Entries of people whose pins were confirmed and do not end by themselves.
    var confirmed: [RosterKey: String] = [:]
    while !Task.isCancelled {
      try? await Task.sleep(for: random.seconds(0.1...1.2))
      if Task.isCancelled { break }
      let number = random.below(1000)
      let kind = random.below(10)
      if random.chance(40), let key = confirmed.keys.sorted().dropFirst(number % max(1, confirmed.count)).first {
        await compare(key, confirmed.removeValue(forKey: key), &tally)
        _ = try? await site.unpin([key])
        continue
      }
      guard let key = await somebody(number), confirmed[key] == nil else { continue }
      tally.pins += 1
      switch kind {
      case 0..<2: _ = try? await site.pin([key], until: "\(1 + number % 4)s", patience: .seconds(2))
      case 2: _ = try? await site.pinUntilChange([key])
      default:
        // Not to be cancelled half done.
        let entry = await Task.detached { () -> String? in
          guard (try? await site.pin([key], patience: .seconds(20))) == .done else { return nil }
          return await look(key)
        }.value
        if let entry { confirmed[key] = entry }
      }
    }
    for (key, entry) in confirmed { await compare(key, entry, &tally) }
    return tally
  }

  /// Somebody who has a row.
  private func somebody(_ number: Int) async -> RosterKey? {
    let own = "id % \(Self.count) = \(self.number)"
    let place = "OFFSET (SELECT count(*) * \(number) / 1000 FROM users WHERE \(own))"
    let key = try? await site.sql("SELECT id FROM users WHERE \(own) ORDER BY id \(place) LIMIT 1")
    return key.flatMap { $0.isEmpty ? nil : RosterKey($0) }
  }

  private func compare(_ key: RosterKey, _ before: String?, _ tally: inout Tally) async {
    let hasLost = await house.hasLostCommits
    guard let before, !hasLost, let after = await Task.detached(operation: { await look(key) }).value else { return }
    tally.compared += 1
    if after != before { tally.written.append("\(key): \(before) has become \(after)") }
  }

  /// Everything of a person's entry; nil where the directory does not answer for long.
  private func look(_ key: RosterKey) async -> String? {
    for _ in 0..<100 {
      if let entries = try? await site.search(site.base, .subtree, ["*", "entryCSN"]) {
        return entries.filter { $0["employeeNumber"].contains(AttributeValue(key)) }.map { entry in
          let values = entry.attributes.flatMap { attribute in
            attribute.values.map { "\(attribute.name)=\($0.text ?? "?")" }
          }
          return "\(entry.dn.text): \(values.sorted().joined(separator: " "))"
        }.sorted().joined(separator: "; ")
      }
      try? await Task.sleep(for: .milliseconds(200))
    }
    return nil
  }
}

extension ModelHouse {
  /// How the table differs from the directory for people who are not pinned and, since they may wait for one who is, not
  /// parked.
  func differencesOfOthers() async throws -> [String] {
    let keys = try await site.sql(
      "SELECT key FROM rollcall.pinned UNION SELECT key FROM rollcall.parked")
    let excepted = Set(keys.split(separator: "\n").map(String.init))
    return try await differences().filter { line in
      // Of a group's members only the names are known.
      if line.hasPrefix("group ") { return false }
      let words = line.split(whereSeparator: { " ,:[]\"".contains($0) }).map(String.init)
      return !words.contains(where: excepted.contains)
    }
  }

  /// Ends all pins.
  func unpinAll() async throws {
    let keys = try await site.sql("SELECT key FROM rollcall.pinned WHERE directory = '\(site.name)'")
    let pinned = keys.split(separator: "\n").map { RosterKey(String($0)) }
    if !pinned.isEmpty { try await site.unpin(pinned) }
  }
}
