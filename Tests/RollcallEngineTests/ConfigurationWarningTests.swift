import Foundation
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// What is not wrong, but lets others hear, read or answer.
@Suite struct ConfigurationWarningTests {
  /// Loads a configuration from a folder of its own, in which `secret` holds a password.
  private func warnings(
    _ text: String, mode: Int = 0o600, secretMode: Int = 0o600, environment: [String: String] = ["LDAP_PASSWORD": "x"]
  ) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rollcall-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, contents, mode) in [("rollcall.yaml", text, mode), ("secret", "word\n", secretMode)] {
      let file = folder.appending(path: name)
      try Data(contents.utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }
    return try Configuration.load(path: folder.appending(path: "rollcall.yaml").path, environment: environment)
      .warnings.map { $0.message.replacingOccurrences(of: folder.path + "/", with: "") }
  }

  private static func minimal(_ from: String, _ to: String) -> String {
    ConfigurationSample.minimal.replacingOccurrences(of: from, with: to)
  }

  @Test(arguments: [
    (0o600, nil), (0o400, nil), (0o640, nil), (0o440, nil),
    (0o644, "everybody on this machine may read \"secret\": chmod o-rwx \"secret\""),
    (0o604, "everybody on this machine may read \"secret\": chmod o-rwx \"secret\""),
    (0o660, "users other than its owner may write to \"secret\": chmod go-w \"secret\""),
    (0o602, "users other than its owner may write to \"secret\": chmod go-w \"secret\""),
  ])
  func aPasswordFileThatIsOpenToOthers(_ mode: Int, _ complaint: String?) throws {
    let text = Self.minimal("password: \"${LDAP_PASSWORD}\"", "password_file: secret")
    let expected = complaint.map { "directory.bind.password_file: the password is not secret: \($0)" }
    #expect(try warnings(text, mode: 0o644, secretMode: mode) == [expected].compactMap { $0 })
  }

  @Test(arguments: [
    ("password: \"${LDAP_PASSWORD}\"", "password: word", "directory.bind.password"),
    ("table: public", "connection: \"host=x password=word\"\n  table: public", "source.connection"),
    ("table: public", "connection: \"postgresql://u:word@127.0.0.1/x\"\n  table: public", "source.connection"),
  ])
  func aPasswordInAConfigurationThatAllMayRead(_ from: String, _ to: String, _ path: String) throws {
    let text = Self.minimal(from, to)
    #expect(try warnings(text, mode: 0o640).isEmpty)
    let found = try warnings(text, mode: 0o644)
    #expect(
      found == [
        "\(path): holds a password, and everybody on this machine may read rollcall.yaml: chmod o-rwx rollcall.yaml, "
          + "or take it from the environment (${NAME})"
      ])
  }

  @Test(arguments: ["connection: \"host=x user=y\"", "connection: \"password=${LDAP_PASSWORD}\"", "connection: \"\""])
  func withoutALiteralPasswordNothingIsSaid(_ connection: String) throws {
    #expect(try warnings(Self.minimal("table: public", connection + "\n  table: public"), mode: 0o644).isEmpty)
  }

  @Test func aCertificateThatIsNotVerified() throws {
    let text = Self.minimal("  url: ldap://127.0.0.1", "  url: ldaps://127.0.0.1\n  verify: false")
    #expect(
      try warnings(text) == [
        "directory.verify: anyone on the network path can impersonate the directory and read the password; name the CA "
          + "of its certificate in directory.ca instead"
      ])
  }
}
