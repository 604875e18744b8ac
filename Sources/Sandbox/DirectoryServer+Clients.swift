extension DirectoryServer {
  /// Runs `ldapsearch -LLL` with these further arguments, as the administrator; gives its LDIF, unfolded.
  /// - Throws: `SandboxError.failed` with the server's result, 32 (no such object) too.
  public nonisolated func search(_ arguments: [String]) async throws -> String {
    try await Command(
      "ldapsearch", ["-LLL", "-o", "ldif-wrap=no"] + bindArguments + arguments
    ).run(within: .seconds(300))
  }

  /// Searches below `base` by `filter`, for `attributes` (all user attributes when none is named).
  public nonisolated func search(
    base: String, scope: String = "sub", filter: String = "(objectClass=*)", attributes: [String] = []
  ) async throws -> String {
    try await search(["-b", base, "-s", scope, filter] + attributes)
  }

  /// Applies LDIF change records as the administrator with ldapmodify; a record without `changetype` adds.
  public nonisolated func modify(_ ldif: String) async throws {
    _ = try await Command("ldapmodify", ["-a"] + bindArguments).run(input: ldif, within: .seconds(300))
  }

  /// The line by which a person looks into the directory.
  public nonisolated var searchLine: String {
    "ldapsearch -x -H \(url) -D \(adminDN) -y \(adminPasswordFile) -b \(suffix)"
  }

  private nonisolated var bindArguments: [String] {
    ["-x", "-H", url, "-D", adminDN, "-y", adminPasswordFile]
  }
}
