import Foundation
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// Reading from the disk.
@Suite struct ConfigurationLoadTests {
  /// Runs with a folder of these files, which is gone afterwards.
  private func withFolder(
    of files: [String: [UInt8]], _ body: (_ folder: String) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rollcall-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in files {
      try Data(bytes).write(to: folder.appending(path: name))
    }
    try body(folder.path())
  }

  private func problems(_ path: String) -> [String] {
    do throws(ConfigurationError) {
      _ = try Configuration.load(path: path, environment: ConfigurationSample.environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test func fileAndThoseBesideItAreRead() throws {
    let text = ConfigurationSample.minimal
      .replacing(#"password: "${LDAP_PASSWORD}""#, with: "password_file: password")
      .replacing("ldap://127.0.0.1", with: "ldaps://ldap.example.com\n  ca: ca.pem")
    let files = [
      "rollcall.yaml": Array(text.utf8), "password": Array("geheim ü\n".utf8), "ca.pem": [0x43, 0xff],
    ]
    try withFolder(of: files) { folder in
      let path = "\(folder)/rollcall.yaml"
      let read = try Configuration.load(path: path, environment: [:])
      #expect(read.file == path)
      #expect(read.directory.ca == "\(folder)/ca.pem")
      #expect(
        read.directory.bind == .simple(dn: "cn=rollcall,dc=example,dc=com", password: Secret("geheim ü")))
      #expect(read.problem(at: "users.base", "x").description == "\(path):11:9: users.base: x")
    }
  }

  @Test func emptyPasswordFileIsRefused() throws {
    let text = ConfigurationSample.minimal
      .replacing(#"password: "${LDAP_PASSWORD}""#, with: "password_file: password")
    try withFolder(of: ["a.yaml": Array(text.utf8), "password": [10]]) { folder in
      let expected = #"\#(folder)/a.yaml:8:20: directory.bind.password_file: "password" is empty"#
      #expect(problems("\(folder)/a.yaml") == [expected])
    }
  }

  @Test func whatCannotBeReadIsSaid() throws {
    try withFolder(of: [:]) { folder in
      #expect(problems("\(folder)/a.yaml") == ["\(folder)/a.yaml: cannot read it: no such file"])
      #expect(problems(folder) == ["\(folder): cannot read it: not a file that can be read"])
    }
  }

  @Test func otherEncodingsAreRefusedByLine() throws {
    let latin1 = Array("name: a\n# M".utf8) + [0xfc] + Array("ller\n".utf8)
    try withFolder(of: ["a.yaml": latin1]) { folder in
      #expect(problems("\(folder)/a.yaml") == ["\(folder)/a.yaml:2:1: the line is not UTF-8"])
    }
  }
}
