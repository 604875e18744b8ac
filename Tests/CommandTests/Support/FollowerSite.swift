import Foundation
import Sandbox

/// A follower of a site's journal, and the file to which its program writes.
struct FollowerSite: Sendable {
  let site: Site
  let name: String
  let output: String
  /// Named to the program, which fails for the key `bad` as long as there is such a file.
  let obstacle: String
  private let script: String

  /// What a program does with each line that it is started for.
  static let perRow = """
    line=$(cat)
    case "$line" in *'"key":"bad"'*) [ ! -e "$2" ] || exit 3;; esac
    printf '%s\\n' "$line" >> "$1"
    """

  /// What a program does that stays.
  static let staying = """
    while read -r line; do
      case "$line" in
        *'"key":"bad"'*) if [ -e "$2" ]; then echo 'not this one'; continue; fi;;
        *'"key":"hang"'*) [ ! -e "$2" ] || sleep 300;;
        *'"key":"crash"'*) [ ! -e "$2" ] || exit 7;;
      esac
      printf '%s\\n' "$line" >> "$1"
      echo ok
    done
    """

  init(_ site: Site, _ name: String = "hook", _ script: String = perRow) throws {
    self.site = site
    self.name = name
    let prefix = "\(site.name)-\(name)"
    output = "\(site.folder.path)/\(prefix).out"
    obstacle = "\(site.folder.path)/\(prefix).obstacle"
    self.script = try site.folder.write(script, to: "\(prefix).sh")
  }

  /// Starts it, and waits until its position is there.
  func start(_ arguments: String...) async throws -> ChildProcess {
    let process = try await ChildProcess.start(
      Rollcall.program,
      ["follow", name, "--config", site.file] + arguments + ["--exec", "/bin/bash", script, output, obstacle],
      name: "\(site.name).\(name)", in: site.folder, environment: site.environment)
    try await soon("\(name) follows") {
      try await site.sql("SELECT count(*) FROM rollcall.follower WHERE name = '\(name)'") == "1"
    }
    return process
  }

  func obstruct() throws { try "".write(toFile: obstacle, atomically: true, encoding: .utf8) }
  func clear() throws { try FileManager.default.removeItem(atPath: obstacle) }

  /// What the program has taken.
  func taken() throws -> [HistoryLine] {
    guard FileManager.default.fileExists(atPath: output) else { return [] }
    return try HistoryLine.parse(try Readable.text(of: output))
  }

  func keys() throws -> [String] { try taken().compactMap(\.key) }

  func parked() async throws -> String {
    try await site.sql("SELECT key FROM rollcall.follower_parked WHERE name = '\(name)' ORDER BY key")
  }
}
