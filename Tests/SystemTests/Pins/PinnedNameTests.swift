import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Whoever wants the name of a pinned person is parked for that, and comes free by itself.
@Suite struct PinnedNameTests {
  @Test("who wants the name of a pinned person, and who waits for that one, are parked with that reason")
  func aChain() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben", "carl"])
    try await site.withDaemon { _ in
      try await eventually("they are there") { try await site.names().count == 3 }
      #expect(try await site.pin(["1"]) == .done)
      // One by one, so that each is looked at by itself.
      try await site.sql("UPDATE users SET username = 'x' WHERE id = 1")
      try await site.sql("UPDATE users SET username = 'ann' WHERE id = 2")
      try await eventually("the second is parked") { try await site.parked() == ["2|pinned"] }
      try await site.sql("UPDATE users SET username = 'ben' WHERE id = 3")
      try await eventually("the third is parked") { try await site.parked() == ["2|pinned", "3|pinned"] }
      let messages = try await site.sql("SELECT message FROM rollcall.parked WHERE key = '2'")
      #expect(messages.contains("person 1") && messages.contains("is pinned"))
      #expect(try await site.nameByKey() == ["ann", "ben", "carl"])
      #expect(try await site.unpin(["1"]) == .done)
      try await eventually("all have moved") { try await site.nameByKey() == ["x", "ann", "ben"] }
      try await eventually("nobody is parked") { try await site.parked() == [] }
    }
    try await site.expectInStep()
  }

  @Test("an exchange of names waits as a whole while one of its people is pinned")
  func aCircle() async throws {
    let site = try await World.shared.site()
    try await site.insert(["a", "b", "c"])
    try await site.withDaemon { _ in
      try await eventually("they are there") { try await site.names().count == 3 }
      #expect(try await site.pin(["2"]) == .done)
      try await site.sql("UPDATE users SET username = CASE id WHEN 1 THEN 'b' WHEN 2 THEN 'c' ELSE 'a' END")
      try await eventually("two are parked") { try await site.parked() == ["1|pinned", "3|pinned"] }
      #expect(try await site.nameByKey() == ["a", "b", "c"])
      #expect(try await site.unpin(["2"]) == .done)
      try await eventually("they are exchanged") { try await site.nameByKey() == ["b", "c", "a"] }
      try await eventually("nobody is parked") { try await site.parked() == [] }
    }
    try await site.expectInStep()
  }

  @Test("who waited for a pinned person that keeps the name is parked for the name afterwards")
  func theHolderStays() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.pin(["1"])
    try await site.insert(["ann"], from: 2)
    try await site.sync()
    #expect(try await site.parked() == ["2|pinned"])
    try await site.unpin(["1"])
    try await site.sync()
    #expect(try await site.parked() == ["2|name-taken"])
    try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
    try await site.sync()
    #expect(try await site.parked() == [])
    #expect(try await site.nameByKey() == ["anna", "ann"])
  }
}
