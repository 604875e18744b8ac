extension Configuration {
  /// The names of the environment variables that the file uses; where it can no longer be read, none.
  package var variables: Set<String> {
    guard let bytes = try? UnreadableFile.read(file) else { return [] }
    return EnvironmentSubstitution.names(in: String(decoding: bytes, as: UTF8.self))
  }
}
