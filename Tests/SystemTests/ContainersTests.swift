import LDAP
import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Entries live in the containers that their rows name.
@Suite struct ContainersTests {
  private func settings(_ container: String = "[{ ou: department }]") -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD department text; ALTER TABLE users ADD city text;"
    settings.users += "\n  container: \(container)"
    return settings
  }

  @Test func missingContainersAreMadeAndEmptiedOnesStay() async throws {
    let site = try await World.shared.site(settings("[{ ou: department }, { l: city }]"))
    try await site.sql(
      """
      INSERT INTO users VALUES
        (1, 'ann', 'x', 'Ann', 'active', now(), 'R&D', 'Bonn'), (2, 'ben', 'x', 'Ben', 'active', now(), NULL, 'Bonn'),
        (3, 'cid', 'x', 'Cid', 'active', now(), 'R&D', NULL), (4, 'dan', 'x', 'Dan', 'active', now(), NULL, NULL)
      """)
    let steps = try await site.plan().plan.sequences.flatMap(\.steps)
    let made = steps.filter { $0.what == .makeContainer }.map(\.operation.dn.text)
    #expect(Set(made) == ["l=Bonn,\(site.base)", "ou=R&D,l=Bonn,\(site.base)", "ou=R&D,\(site.base)"])
    let outer = try #require(made.firstIndex(of: "l=Bonn,\(site.base)"))
    let inner = try #require(made.firstIndex(of: "ou=R&D,l=Bonn,\(site.base)"))
    #expect(made.count == 3 && outer < inner)
    let lastMade = try #require(steps.lastIndex { $0.what == .makeContainer })
    let firstPerson = try #require(steps.firstIndex { $0.what == .create })
    #expect(lastMade < firstPerson)
    try await site.withDaemon { _ in
      try await eventually("all are where they belong") {
        try await site.places()
      } is: {
        $0 == [
          "1": "uid=ann,ou=R&D,l=Bonn", "2": "uid=ben,l=Bonn", "3": "uid=cid,ou=R&D", "4": "uid=dan",
        ]
      }
      try await site.sql(
        "UPDATE users SET department = 'Sales', username = 'anna' WHERE id = 1; UPDATE users SET city = 'Ulm' WHERE id = 4"
      )
      try await eventually("two have moved") {
        try await site.places()
      } is: {
        $0["1"] == "uid=anna,ou=Sales,l=Bonn" && $0["4"] == "uid=dan,l=Ulm"
      }
      try await site.expectInStep()
    }
    let bonn = try await site.search("ou=R&D,l=Bonn,\(site.base)")
    #expect(bonn?["objectClass"].contains("organizationalUnit") == true)
    #expect(try await site.search("l=Ulm,\(site.base)")?["objectClass"].contains("locality") == true)
  }

  @Test func awkwardNamesOfContainers() async throws {
    let site = try await World.shared.site(settings())
    let names = [
      "a,b", "#hash", " lead", "trail ", "qu\"ote", "back\\slash", "ümläut", "*()", "a+b=c", "<a>;",
    ]
    for (index, name) in names.enumerated() {
      try await site.sql(
        "INSERT INTO users VALUES (\(index), 'u\(index)', 'x', 'Full', 'active', now(), $n$\(name)$n$)")
    }
    try await site.sync()
    #expect(try await site.places().count == names.count)
    for (index, name) in names.enumerated() {
      let entry = try #require(
        try await site.people().first { $0["employeeNumber"] == [AttributeValue("\(index)")] })
      #expect(entry.dn.parent?.first?.parts.first?.value == AttributeValue(name))
    }
    try await site.expectInStep()
  }

  @Test func manyPeopleInNewContainersAtOnce() async throws {
    let site = try await World.shared.site(settings())
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now(), 'd' || n % 5
      FROM generate_series(1, 800) n
      """)
    try await site.sync()
    #expect(try await site.places().count == 800)
    try await site.sql("UPDATE users SET department = 'moved ' || id % 3")
    try await site.sync()
    #expect(Set(try await site.places().values.map { $0.drop { $0 != "," } }).count == 3)
    try await site.expectInStep()
    #expect(try await site.sync(full: true).applied == 0)
  }

  @Test func aContainerThatNobodyCanMakeIsReported() async throws {
    let site = try await World.shared.site(settings("[{ description: department }]"))
    try await site.insert(["ann"])
    try await site.sql("UPDATE users SET department = 'x'")
    #expect(try await site.plan().parked["1"]?.message.contains("description=x") == true)
    try await site.sync()
    #expect(try await site.parked() == ["1|refused"])
    let message = try await site.sql("SELECT message FROM rollcall.parked")
    #expect(
      message.contains("key 1") && message.contains("description=x,\(site.base)")
        && message.contains("by hand"))
  }

  @Test func namesAreExchangedBetweenContainers() async throws {
    let site = try await World.shared.site(settings())
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'x', 'A', 'active', now(), 'one'), (2, 'ann', 'x', 'B', 'active', now(), 'two')
      """)
    try await site.sync()
    try await site.sql("UPDATE users SET department = CASE id WHEN 1 THEN 'two' ELSE 'one' END")
    try await site.sync()
    #expect(try await site.places() == ["1": "uid=ann,ou=two", "2": "uid=ann,ou=one"])
    try await site.expectInStep()
  }
}

extension Site {
  /// The entries with a link, wherever below the base.
  func people() async throws -> [Entry] {
    try await search(base, .subtree, ["*"]).filter { !$0["employeeNumber"].isEmpty }
  }

  /// Where each key's entry lives below the base.
  func places() async throws -> [String: String] {
    var places: [String: String] = [:]
    for entry in try await people() {
      places[entry["employeeNumber"].first?.text ?? ""] = String(entry.dn.text.dropLast(base.count + 1))
    }
    return places
  }
}
