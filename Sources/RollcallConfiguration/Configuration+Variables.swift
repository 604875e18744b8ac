extension Configuration {
  /// The names of the environment variables that the file uses; empty if it can no longer be read.
  package var variables: Set<String> {
    guard let bytes = try? UnreadableFile.read(file) else { return [] }
    return EnvironmentSubstitution.names(in: String(decoding: bytes, as: UTF8.self))
  }
}
