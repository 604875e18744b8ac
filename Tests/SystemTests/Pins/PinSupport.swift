import LDAP
import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallLedger

extension Site {
  @discardableResult
  func pin(
    _ keys: [RosterKey], because: String = "a test", until: String? = nil, patience: Duration = .seconds(60)
  ) async throws -> PinActions.Confirmation {
    let configuration = self.configuration
    return try await Reactor.run {
      let actions = try PinActions(configuration, patience: patience)
      defer { actions.close() }
      return try await actions.pin(keys, because: because, until: until)
    }
  }

  @discardableResult
  func unpin(_ keys: [RosterKey]) async throws -> PinActions.Confirmation {
    let configuration = self.configuration
    return try await Reactor.run {
      let actions = try PinActions(configuration, patience: .seconds(60))
      defer { actions.close() }
      return try await actions.unpin(keys).confirmation
    }
  }

  /// Pins keys as an undo does; where a daemon leads it has taken that up when this returns.
  func pinUntilChange(_ keys: [RosterKey]) async throws {
    let configuration = self.configuration
    let id = try await Reactor.run {
      let ledger = try Ledger(configuration)
      defer { ledger.database.close() }
      return try await ledger.pin(keys, because: "undone", actor: try await ledger.actor(), untilChange: true)
    }
    try await eventually("the pin is taken up, or nobody leads") {
      if try await report().leader == nil { return true }
      return try await sql("SELECT done IS NOT NULL FROM rollcall.request WHERE id = \(id)") == "t"
    }
  }

  func retryParked() async throws {
    let configuration = self.configuration
    try await Reactor.run {
      let actions = try OperatorActions(configuration)
      defer { actions.close() }
      _ = try await actions.retry([])
    }
  }

  /// Everything of the entry that a write would change; nil where there is none.
  func stamp(_ key: String) async throws -> String? {
    let found = try await search(base, .subtree, ["*", "+"]).first { $0["employeeNumber"].first?.text == key }
    return found.map { "\($0.dn.text) \($0["entryCSN"].first?.text ?? "?")" }
  }

  /// Name, mail and lock of the entry that carries a key, in one line; empty where there is none.
  func look(_ key: String) async throws -> String {
    let entry = try await entries().values.first { $0["employeeNumber"].first?.text == key }
    return ["uid", "mail", "employeeType"].compactMap { entry?[$0].first?.text }.joined(separator: " ")
  }

  /// Whether the watermark has passed all that is committed.
  func settledAll() async throws -> Bool {
    try await sql(
      """
      SELECT count(*) = 0 FROM rollcall.change AS c, rollcall.directory AS d
      WHERE NOT pg_visible_in_snapshot(c.xid, d.watermark)
      """) == "t"
  }
}
