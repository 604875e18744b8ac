import Foundation
import Sandbox

/// A right to write that comes and goes while slapd runs: it belongs to the members of `cn=writers`.
extension DirectoryServer {
  private nonisolated var writersDN: String { "cn=writers,\(suffix)" }

  /// Ties writing of what `target` names (slapd.access(5)) to the group, in which the account is.
  func demandGroup(to target: String) async throws {
    try await modify(
      "dn: \(writersDN)\nchangetype: add\nobjectClass: groupOfNames\ncn: writers\nmember: \(adminDN)\n"
        + "member: \(accountDN)\n")
    let file = log.dropLast(".log".count) + "/slapd.conf"
    let configuration = try String(contentsOfFile: String(file), encoding: .utf8)
    let rule = "access to \(target) by group/groupOfNames/member.exact=\"\(writersDN)\" write by * read\n"
    guard let first = configuration.range(of: "access to ") else { throw CancellationError() }
    try configuration.replacingCharacters(in: first, with: rule + "access to ")
      .write(toFile: String(file), atomically: true, encoding: .utf8)
    try await restart()
  }

  nonisolated func takeRight() async throws {
    try await modify("dn: \(writersDN)\nchangetype: modify\ndelete: member\nmember: \(accountDN)\n")
  }

  nonisolated func giveRight() async throws {
    try await modify("dn: \(writersDN)\nchangetype: modify\nadd: member\nmember: \(accountDN)\n")
  }
}
