internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Attributes whose values the server was found to keep unique, by a plug-in or an overlay that cannot be read.
struct LearntUniques {
  /// In the mapping's spelling; true if a value was also held outside the base.
  private(set) var isWide: [String: Bool] = [:]

  var names: [String] { isWide.keys.sorted() }

  /// Attributes for which, as far as is known, values outside the base do not matter.
  var narrow: Set<String> { Set(isWide.filter { !$0.value }.keys) }

  mutating func learn(_ name: String, isWide: Bool) { self.isWide[name] = self.isWide[name] ?? false || isWide }
}

extension StateReader {
  /// From now on, plans do not give anybody a value that another entry has.
  func learn(unique name: String, isWide: Bool) {
    learnt.learn(name, isWide: isWide)
    planner = planner.knowing(uniques: learnt.names)
  }

  /// Starts over, as with each full comparison: an overlay may have been removed.
  func forgetUniques() {
    guard !learnt.names.isEmpty else { return }
    learnt = LearntUniques()
    planner = planner.knowing(uniques: [])
  }

  /// Learns again the attributes for which an earlier process or connection has parked keys.
  package func learn(awaited causes: some Swift.Sequence<String>) {
    let own = Set(facts.dialect.uniqueAttributes.map { facts.schema.canonicalName($0.name) })
    for cause in causes {
      guard let colon = cause.firstIndex(of: ":"), cause[colon...].hasPrefix(": ") else { continue }
      guard let name = mapped(String(cause[..<colon])), learnt.isWide[name] == nil,
        !own.contains(facts.schema.canonicalName(name))
      else { continue }
      learn(unique: name, isWide: false)
    }
  }

  /// The attribute in the mapping's spelling; nil if it is not compared.
  func mapped(_ attribute: String) -> String? {
    let canonical = facts.schema.canonicalName(attribute)
    guard canonical != facts.schema.canonicalName(rules.link) else { return nil }
    return rules.attributes.first { facts.schema.canonicalName($0) == canonical }
  }

  func isSame(_ one: String, _ other: String) -> Bool {
    facts.schema.canonicalName(one) == facts.schema.canonicalName(other)
  }

  /// Another entry that has one of these values, in words.
  func holder(
    of values: [(String, AttributeValue)], besides dn: DistinguishedName, _ session: LDAPSession
  ) async throws(EngineError) -> String? {
    for (attribute, value) in values where !facts.dialect.hides(attribute) {
      let entries = try? await session.search(
        base: finder.suffix, scope: .subtree, filter: .equal(attribute, value), attributes: ["1.1"])
      let other = entries?.map(\.dn).first { !$0.isEquivalent(to: dn, facts.schema) }
      if let other { return "\(named(attribute, value)) belongs to \(other.text)" }
    }
    return nil
  }

  /// A value that no plan can exchange, in words; values of `create_only` and `password` are not shown.
  private func named(_ attribute: String, _ value: AttributeValue) -> String {
    isSame(attribute, rules.link) ? "\(attribute): \(value.text ?? "(octets)")" : "the value of \(attribute)"
  }

  /// Those of these values that entries other than the one at `dn` have, as far as this account may read: the
  /// attributes, each with whether no entry below the base has it.
  func held(
    _ values: [(attribute: String, value: AttributeValue)], besides dn: DistinguishedName, _ session: LDAPSession
  ) async throws(EngineError) -> [String: Bool] {
    var found: [String: Bool] = [:]
    for (attribute, value) in values {
      let entries: [Entry]
      do throws(LDAPError) {
        entries = try await session.search(
          base: finder.suffix, scope: .subtree, filter: .equal(attribute, value), attributes: ["1.1"])
      } catch {
        // A limit, or a missing right: the holder stays unknown.
        guard ErrorClassifier.classify(code: error.code, during: .search) != .connectionLost else {
          throw .directory(error)
        }
        continue
      }
      let others = entries.map(\.dn).filter { !$0.isEquivalent(to: dn, facts.schema) }
      if others.isEmpty { continue }
      found[attribute] = !others.contains { $0.isBelow(rules.base, facts.schema) }
    }
    return found
  }
}
