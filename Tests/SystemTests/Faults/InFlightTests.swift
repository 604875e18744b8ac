import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// G1: who is being worked on while everybody is compared.
@Suite struct InFlightTests {
  enum Kind { case added, addedByComparison, adopted }

  /// - Parameter kind: `addedByComparison` where only a comparison has found that the entry is missing, so that no look at
  ///   the log names it again; `adopted` where the entry is there without a link, so that no comparison finds it and
  ///   nothing says, as of an add, that it is on its way.
  @Test(
    "an entry that becomes ours when the comparison after a TRUNCATE has passed its place goes, too",
    arguments: [Kind.added, .addedByComparison, .adopted])
  func aTruncate(kind: Kind) async throws {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    defer { tap.stop() }
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 2m"
    settings.users += "\n  adopt: true"
    settings.more += "\nsweep: { every: 200ms }"
    let site = try await world.site(settings)
    try await site.insert(["ann"])
    try await site.sync()
    let isLogged = kind != .addedByComparison
    if !isLogged {
      try await site.insert(["ben"], from: 2)
      try await site.sql("TRUNCATE rollcall.change; UPDATE rollcall.directory SET watermark = NULL")
      tap.arm(.held(1))
    }
    if kind == .adopted { try await site.addByHand("ben", link: nil) }
    try await site.withDaemon(compared: isLogged) { running in
      let daemon = running.daemon
      @Sendable func undecided() async throws -> RemovalBatch? {
        try await Reactor.run { daemon.engine.reconciles.undecided }
      }
      if isLogged {
        tap.arm(.held(1))
        try await site.insert(["ben"], from: 2)
      }
      try await eventually("ben's row was read, and his entry's write is on its way") { tap.isReached }
      if !isLogged { try await eventually("everybody was read once") { try await undecided() != nil } }
      let first = try await undecided()
      try await site.sql("TRUNCATE users")
      if isLogged {
        try await eventually("the others are gone") {
          try await site.names()
        } is: {
          $0 == (kind == .adopted ? ["ben"] : [])
        }
      } else {
        // It is not decided while he is on the way.
        try await eventually("everybody was read again") { try await undecided() != first }
      }
      tap.release()
      try await eventually("all is settled") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """)
      } is: {
        $0 == "0"
      }
      #expect(try await site.names() == [])
    }
    try await site.expectInStep()
  }
}
