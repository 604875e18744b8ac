internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Attributes whose values the server has turned out to keep unique, by a plug-in or an overlay that nobody can see.
struct LearntUniques {
  /// As the mapping spells them; true where a value was held outside the base too.
  private(set) var isWide: [String: Bool] = [:]

  var names: [String] { isWide.keys.sorted() }

  /// Attributes of which values outside the base say nothing, as far as is known.
  var narrow: Set<String> { Set(isWide.filter { !$0.value }.keys) }

  mutating func learn(_ name: String, isWide: Bool) { self.isWide[name] = self.isWide[name] ?? false || isWide }
}

extension StateReader {
  /// From now on plans take care that nobody gets a value that another has.
  func learn(unique name: String, isWide: Bool) {
    learnt.learn(name, isWide: isWide)
    planner = planner.knowing(uniques: learnt.names)
  }

  /// Looks anew, as when everybody is compared: an overlay may have been taken away.
  func forgetUniques() {
    guard !learnt.names.isEmpty else { return }
    learnt = LearntUniques()
    planner = planner.knowing(uniques: [])
  }

  /// Learns again what an earlier process, or an earlier connection, has set keys aside for.
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

  /// The attribute as the mapping spells it; nil where it is not compared.
  func mapped(_ attribute: String) -> String? {
    let canonical = facts.schema.canonicalName(attribute)
    guard canonical != facts.schema.canonicalName(rules.link) else { return nil }
    return rules.attributes.first { facts.schema.canonicalName($0) == canonical }
  }

  func isSame(_ one: String, _ other: String) -> Bool {
    facts.schema.canonicalName(one) == facts.schema.canonicalName(other)
  }

  /// Which other entry has one of these values, in words.
  func holder(
    of values: [(String, AttributeValue)], besides dn: DistinguishedName, _ session: LDAPSession
  ) async throws(EngineError) -> String? {
    for (attribute, value) in values where !facts.dialect.hides(attribute) {
      let entries = try? await session.search(
        base: finder.suffix, scope: .subtree, filter: .equal(attribute, value), attributes: ["1.1"])
      let other = entries?.map(\.dn).first { !$0.isEquivalent(to: dn, facts.schema) }
      if let other { return "\(attribute): \(value.text ?? "(octets)") belongs to \(other.text)" }
    }
    return nil
  }

  /// Which of these values other entries have than the one at `dn`, as far as this account may look: the attributes,
  /// each with whether no entry below the base has it.
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
        // A limit, or no right: it stays unknown.
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
