import Foundation
import RollcallEngine
import Sandbox
import Testing

/// The configurations that the README shows are those that work.
@Suite struct ReadmeTests {
  @Test(arguments: Servers.kinds)
  func theConfigurationOfTheServersSectionWorks(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD first_password text;"
    settings.document = try ReadmeTests.configuration(of: kind)
    try await Servers.withSite(kind, settings) { site in
      try await site.sql(
        """
        INSERT INTO users VALUES
          (1, 'readme1', 'ada@example.com', 'Ada Lovelace', 'active', now(), 'First-Pw-1'),
          (2, 'readme2', 'bob@example.com', 'Bob Kahn', 'left', now(), 'First-Pw-2')
        """)
      try await site.sync()
      #expect(try await site.parked().isEmpty)
      #expect(try await site.value("sn", of: 1) == "Lovelace")
      #expect(try await site.value("mail", of: 2) == "bob@example.com")
      let control = try await site.value("userAccountControl", of: 2)
      let locks = try await [site.value("pwdAccountLockedTime", of: 2), site.value("nsAccountLock", of: 2), control]
      switch kind {
      case .openLDAP: #expect(locks == ["000001010000Z", nil, nil])
      case .directory389: #expect(locks == [nil, "true", nil])
      case .activeDirectory:
        #expect(locks == [nil, nil, "514"])
        #expect(try await site.canLogIn(1))
      }
      try await site.sql("UPDATE users SET full_name = 'Ada King' WHERE id = 1")
      try await site.sync()
      #expect(try await site.value("sn", of: 1) == "King")
      // Blanks where somebody typed too many.
      for (name, surname) in [(" Ada  King ", "King"), ("Ada ", "Ada"), ("Ada\tKing-Noel ", "Ada\tKing-Noel")] {
        try await site.sql("UPDATE users SET full_name = '\(name)' WHERE id = 1")
        try await site.sync()
        #expect(try await site.parked().isEmpty)
        #expect(try await site.value("sn", of: 1) == surname)
      }
      try await site.expectAtRest()
    }
  }

  /// The YAML under the server's heading.
  private static func configuration(of kind: DirectoryServerKind) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let heading =
      switch kind {
      case .openLDAP: "### OpenLDAP"
      case .directory389: "### 389 Directory Server"
      case .activeDirectory: "### Active Directory"
      }
    let section = try #require(text.range(of: heading + "\n"), "the README has no \(heading)")
    let start = try #require(text.range(of: "```yaml\n", range: section.upperBound..<text.endIndex))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    return String(text[start.upperBound..<end.lowerBound])
  }
}
