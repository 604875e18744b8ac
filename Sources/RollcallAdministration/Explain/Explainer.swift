internal import LDAPModel
internal import PlainText
internal import Postgres
package import Reactor
internal import RollcallConfiguration
package import RollcallCore
package import RollcallEngine
package import RollcallLedger

/// `rollcall explain`: collects everything about one key, along the path of `plan`, without writing.
///
/// A side that does not answer is part of the explanation, so that it is available when it is needed most.
@Reactor
package final class Explainer {
  private let engine: Engine
  /// Why the directory is not tried at all, such as a missing password.
  private let noDirectory: String?

  package init(_ engine: Engine, withoutDirectory reason: String? = nil) {
    self.engine = engine
    noDirectory = reason
  }

  package func explain(_ key: RosterKey) async -> Explanation {
    Explanation(await observe(key), engine.configuration)
  }

  /// The explanation, with the entry beside what is wanted; for a web page.
  package func person(_ key: RosterKey) async -> PersonAnswer {
    let found = await observe(key)
    return PersonAnswer(
      explanation: Explanation(found, engine.configuration), sides: found.sides(engine.configuration),
      dn: found.subject?.current?.dn.text)
  }

  private func observe(_ key: RosterKey) async -> Observation {
    var found = Observation(key: key)
    found.directory = noDirectory
    do throws(EngineError) {
      try await engine.requireInstalled()
      try await readTable(&found)
      try await readLedger(&found)
    } catch {
      found.database = "\(error)"
    }
    if found.directory == nil { await readDirectory(&found) }
    found.hidden = engine.hiddenAttributes
    return found
  }

  /// Reads the key's row, and whether its changes are noticed.
  private func readTable(_ found: inout Observation) async throws(EngineError) {
    do throws(EngineError) {
      try await engine.requireReadable()
      switch try await engine.roster.fetchAll([found.key])[found.key] {
      case .row(let row)?: found.row = .found(row)
      case .problem(let problem, let active)?: found.row = .failing(problem, active: active)
      case .impossible(let problem)?: found.row = .impossible(problem)
      case nil: found.row = .missing
      }
      // A row that takes too long, or whose values have no JSON, still gets its verdict.
      found.columns = (try? await engine.decidingColumns(of: found.key)) ?? []
      found.nextDate = (try? await engine.nextDate(of: found.key)) ?? nil
    } catch {
      if case .database(let failure) = error, failure.isConnectionLost { throw error }
      found.row = .unread("\(error)")
    }
    found.capture = try await engine.captureProblems()
    found.change = try await engine.lastChange(of: found.key)
  }

  private func readLedger(_ found: inout Observation) async throws(EngineError) {
    found.record = try await engine.ledger.keyRecord(found.key)
    let isStandby = try await engine.sessions.database.query("SELECT pg_is_in_recovery()").bool(0, 0)
    let record = try await engine.ledger.record()
    if isStandby {
      found.leader = .unseen
    } else if try await LeadingDaemon(engine.ledger).exists() {
      found.leader = .process(record?.leader ?? "?", record?.condition ?? .connected(nil))
    }
  }

  /// Reads the entry and plans for it; if the rows cannot be read, the entry alone.
  private func readDirectory(_ found: inout Observation) async {
    do throws(EngineError) {
      if found.database == nil, found.isReadable {
        found.rehearsal = try await Rehearsal(engine, asIfUnpinned: found.key).run([found.key])
      } else {
        found.entries = try await engine.entries(linkedTo: found.key).map(\.dn.text)
      }
    } catch {
      switch error {
      case .directory: found.directory = "\(error)"
      case .database(let failure) where failure.isConnectionLost: found.database = "\(error)"
      case .database, .refused, .standby: found.refusal = "\(error)"
      }
    }
  }

  // MARK: Finding the key

  /// The ways to ask for a person.
  package enum Search: Codable, Sendable {
    case key(String)
    case dn(String)
    case find(String)
  }

  /// Finds the requested key and explains it; an entry without an owner is explained without a key.
  ///
  /// - Throws: ``EngineError/refused(_:)`` if the request is ambiguous.
  package func explain(_ search: Search) async throws(EngineError) -> Explanation {
    switch search {
    case .key(let key): return await explain(RosterKey(key))
    case .dn(let text):
      guard let dn = try? DistinguishedName(parsing: text) else { throw .refused("\(text.excerpt()) is not a DN") }
      return try await explain(dn)
    case .find(let text):
      let filter: Filter
      do throws(InvalidFilter) { filter = try Filter(parsing: text) } catch { throw .refused("the filter \(error)") }
      return try await explain(filter)
    }
  }

  private func explain(_ dn: DistinguishedName) async throws(EngineError) -> Explanation {
    if let noDirectory { throw .refused(noDirectory) }
    if let entry = try await engine.entry(at: dn) {
      // Without the database, the explanation of its key says that the database does not answer.
      if let other = (try? await engine.otherManager(of: entry.dn)) ?? nil {
        return .managed(entry.dn.text, by: other, engine.configuration)
      }
      let isBelow = engine.link.facts.map { entry.dn.isBelow(engine.configuration.users.base, $0.schema) } ?? true
      guard isBelow, let key = entry[engine.configuration.users.link].first?.text else {
        return .unlinked(entry.dn.text, isBelow: isBelow, engine.configuration)
      }
      return await explain(RosterKey(key))
    }
    // No entry has the DN; a row may want it.
    if let part = dn.first?.parts.first, let value = part.value.text {
      let keys = try await engine.keys(with: value, for: part.type)
      if let key = try theOnly(keys, "several rows have the value \(value.excerpt()) for \(part.type)") {
        return await explain(key)
      }
    }
    return .nobody("there is no entry at \(dn.text.excerpt()), and no row maps to this name", engine.configuration)
  }

  private func explain(_ filter: Filter) async throws(EngineError) -> Explanation {
    let link = engine.configuration.users.link
    if let noDirectory { throw .refused(noDirectory) }
    let found = try await engine.entries(matching: filter, limit: 50)
    let keys = Array(Set(found.compactMap { $0[link].first?.text }.map { RosterKey($0) })).sorted()
    if let key = try theOnly(keys, "\(filter) matches several entries") { return await explain(key) }
    if let entry = found.first { return try await explain(entry.dn) }
    // A person found by a value of the mapping may have a row and no entry.
    if case .equal(let attribute, let value) = filter, let text = value.text {
      let keys = try await engine.keys(with: text, for: attribute)
      if let key = try theOnly(keys, "several rows have the value \(text.excerpt()) for \(attribute)") {
        return await explain(key)
      }
    }
    return .nobody("no entry matches \("\(filter)".excerpt()), and no matching row was found", engine.configuration)
  }

  private func theOnly(_ keys: [RosterKey], _ complaint: String) throws(EngineError) -> RosterKey? {
    if keys.count < 2 { return keys.first }
    let shown = keys.prefix(20).map(\.shown).joined(separator: ", ")
    throw .refused("\(complaint): keys \(shown)\(keys.count > 20 ? " and more" : ""); name one of them")
  }
}

extension Observation {
  /// Whether the row could be read.
  fileprivate var isReadable: Bool { if case .unread = row { false } else { true } }
}
