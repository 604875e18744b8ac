extension PostgresServer {
  /// Starts a standby of this server with streaming replication; it answers when this returns.
  ///
  /// - Parameter port: this server's port: that of a proxy that can interrupt the replication.
  /// - Throws: `SandboxError`.
  public nonisolated func startStandby(through port: Int) async throws -> PostgresServer {
    try await FreePort.untilFree { own in
      let standby = PostgresServer(
        installation: installation, folder: folder, home: try folder.makeSubfolder("postgres"), port: own)
      try await installation.own(standby.home)
      var copy = installation.command(
        "pg_basebackup",
        [
          "--pgdata", standby.data, "--dbname", conninfo(port: port), "--write-recovery-conf", "--wal-method", "stream",
          "--checkpoint", "fast", "--no-sync",
        ])
      copy.workingDirectory = standby.home
      _ = try await copy.run(within: .seconds(300))
      // The last setting of a name takes effect.
      try standby.append(
        "port = \(own)\nunix_socket_directories = \(Self.quoted(standby.socketFolder))\n",
        to: standby.data + "/postgresql.conf")
      try await standby.start()
      return standby
    }
  }

  /// Promotes a standby; it accepts writes when this returns.
  public nonisolated func promote() async throws {
    try await psql("SELECT pg_promote()")
    try await eventually(within: .seconds(30), "the standby is promoted") {
      try await psql("SELECT pg_is_in_recovery()") == "f"
    }
  }

  /// Replaces this server by a promoted standby at the same address, as with a virtual IP address: data that the
  /// standby has not received are lost. This server accepts writes again when this returns.
  ///
  /// - Parameter standby: one of this server's standbys; it no longer exists afterwards.
  /// - Throws: `SandboxError`.
  public nonisolated func giveWay(to standby: PostgresServer) async throws {
    try await kill()
    await standby.stop()
    _ = try await Command("rm", ["-rf", data]).run(within: .seconds(60))
    _ = try await Command("mv", [standby.data, data]).run()
    try append(
      "port = \(port)\nunix_socket_directories = \(Self.quoted(socketFolder))\n", to: data + "/postgresql.conf")
    try await start()
    try await promote()
  }

  /// Waits until a standby has replayed all that this server has written.
  public nonisolated func caughtUp(_ standby: PostgresServer) async throws {
    let written = try await psql("SELECT pg_current_wal_lsn()")
    try await eventually(within: .seconds(30), "the standby has caught up") {
      try await standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(written)'") == "t"
    }
  }
}
