internal import LDAP
package import LDAPModel
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Creates missing containers of entries when the server says that they are missing.
@Reactor
package final class ContainerMaker {
  /// The result of creating the containers above an entry.
  struct Made: Sendable {
    var applied: [Step] = []
    /// Whether a container was missing; another client may have created it since.
    var wasMissing: Bool
    var problem: Problem?
  }

  private let rules: UserRules
  private let facts: DirectoryFacts
  private let link: DirectoryLink
  /// The last call: calls run one after the other, so that no two create the same container.
  private var last: Task<Void, Never>?

  package init(_ rules: UserRules, _ facts: DirectoryFacts, _ link: DirectoryLink) {
    self.rules = rules
    self.facts = facts
    self.link = link
  }

  /// The missing containers of an entry below the base, the topmost first.
  ///
  /// - Parameter known: canonical names of containers that need no search.
  package func missing(
    above entry: DistinguishedName, known: Set<String> = [], _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [DistinguishedName] {
    var missing: [DistinguishedName] = []
    var next = entry.parent
    while let container = next, container.isBelow(rules.base, facts.schema),
      !known.contains(container.normalized(facts.schema))
    {
      let look = SearchRequest(
        base: container, scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
      let session = try link.session(lane == .fast ? .fast : .reading)
      let found = try await SideBySide.run([look], session, absent: ErrorClassifier.objectCodes, atOnce: 1)
      if !found[0].isEmpty { break }
      missing.append(container)
      next = container.parent
    }
    return missing.reversed()
  }

  /// The operation that creates a container.
  package func making(_ container: DistinguishedName) throws(Problem) -> Operation {
    guard let part = container.first?.parts.first, container.first?.parts.count == 1,
      let classes = facts.dialect.containerClasses(naming: part.type)
    else {
      throw Problem(
        .refused,
        "the container \(container) does not exist, and Rollcall does not know its object class: create it by hand"
      )
    }
    return .add(
      container,
      [Attribute("objectClass", classes.map { AttributeValue($0) }), Attribute(part.type, [part.value])])
  }

  /// Creates the missing containers above an entry.
  ///
  /// - Returns: the steps that were applied, whether anything was missing, and why it could not be created.
  /// - Throws: ``EngineError`` if a side is lost.
  func make(
    above entry: DistinguishedName, for key: RosterKey, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> Made {
    let before = last
    let task = Task(executorPreference: Reactor.loop) { () -> Result<Made, EngineError> in
      await before?.value
      do throws(EngineError) { return .success(try await self.makeNow(above: entry, for: key, lane)) } catch {
        return .failure(error)
      }
    }
    last = Task(executorPreference: Reactor.loop) { _ = await task.value }
    return try await task.value.get()
  }

  private func makeNow(
    above entry: DistinguishedName, for key: RosterKey, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> Made {
    let missing = try await missing(above: entry, lane)
    var made = Made(wasMissing: !missing.isEmpty)
    for container in missing {
      let step: Step
      do throws(Problem) {
        step = Step(key: key, operation: try making(container), what: .makeContainer)
      } catch {
        made.problem = error
        return made
      }
      let outcome = try await link.lane(lane).apply([Plan.Sequence(steps: [step])])[0]
      guard let error = outcome.failure else {
        made.applied.append(step)
        continue
      }
      if error.code == .entryAlreadyExists { continue }
      switch error.meaning(during: .add) {
      case .connectionLost, .ofTheDirectory, .search: throw .directory(error)
      case .busy, .ambiguous, .repairable, .ofTheEntry, .access:
        var problem = Problem.refusal(of: step, error)
        problem.message = ("\(step.what.rawValue) \(container): \(error.summary)" as Wording).text
        made.problem = problem
        return made
      }
    }
    return made
  }
}
