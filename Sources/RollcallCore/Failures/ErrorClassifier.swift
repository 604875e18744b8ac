public import LDAPModel

/// The one place that knows what result codes mean.
public enum ErrorClassifier {
  /// The operation that was under way when the code arrived.
  public enum Activity: Sendable, CaseIterable {
    case connect
    case search
    case add
    case modify
    case rename
    case delete

    public init(_ operation: Operation) {
      self =
        switch operation {
        case .add: .add
        case .modify: .modify
        case .rename: .rename
        case .delete: .delete
        }
    }
  }

  /// Classifies a failure. `code` is not success.
  ///
  /// - Parameter diagnostic: the server's message, which decides where the code is ambiguous.
  public static func classify(
    code: ResultCode, during activity: Activity, diagnostic: String = ""
  ) -> FailureClass {
    switch (activity, code) {
    case (_, .unwillingToPerform) where isReadOnly(code, diagnostic): .ofTheDirectory
    case (.connect, .serverDown), (.connect, .timeout), (.connect, .connectError), (.connect, .busy),
      (.connect, .unavailable), (.connect, .localError), (.connect, .decodingError):
      .connectionLost
    // Any other error of a bind concerns us or the server, not an entry; 49 must not be retried rapidly.
    case (.connect, _): .ofTheDirectory
    case (.search, .sizeLimitExceeded), (.search, .adminLimitExceeded), (.search, .timeLimitExceeded): .search
    // The base of a search comes from the configuration, not from an entry.
    case (.search, .noSuchObject), (.search, .invalidDNSyntax): .ofTheDirectory
    default: byCode[code] ?? (code.isLocal ? .ofTheDirectory : .ambiguous)
    }
  }

  /// Whether the answer to a search whose base is one entry's name concerns that entry alone: it does not exist, is
  /// not visible, is elsewhere, or its name is invalid. Never a reason to pause the directory.
  public static func concernsObject(_ code: ResultCode) -> Bool { objectCodes.contains(code) }

  /// The codes of such answers, without operationsError (1): Active Directory returns that to unbound sessions.
  public static let objectCodes: Set<ResultCode> = {
    let own = byCode.filter { [.ofTheEntry, .repairable, .access, .ambiguous].contains($0.value) }
    return Set(own.keys).union([.referral, .aliasDereferencingProblem]).subtracting([.operationsError])
  }()

  /// Whether the server says that it accepts no writes: a replica with or without a referral to its provider.
  public static func isReadOnly(_ code: ResultCode, _ diagnostic: String) -> Bool {
    if code == .referral { return true }
    guard code == .unwillingToPerform else { return false }
    let words = diagnostic.lowercased()
    // slapd's replicas and its `readonly on`; 389's `nsslapd-readonly`.
    return ["shadow context", "operation restricted", "read-only", "read only", "readonly"].contains {
      words.contains($0)
    }
  }

  private static let byCode: [ResultCode: FailureClass] = {
    let table: [FailureClass: [ResultCode]] = [
      .connectionLost: [.serverDown, .timeout, .connectError, .unavailable, .localError, .decodingError],
      .busy: [.busy, .timeLimitExceeded],
      .ambiguous: [.other, .unwillingToPerform, .operationsError],
      .repairable: [.entryAlreadyExists, .noSuchObject, .attributeOrValueExists, .noSuchAttribute],
      .ofTheEntry: [
        .undefinedAttributeType, .inappropriateMatching, .constraintViolation, .invalidAttributeSyntax,
        .aliasProblem, .invalidDNSyntax, .namingViolation, .objectClassViolation, .notAllowedOnNonLeaf,
        .notAllowedOnRDN, .objectClassModsProhibited, .affectsMultipleDSAs, .encodingError,
      ],
      .ofTheDirectory: [
        .protocolError, .authMethodNotSupported, .strongerAuthRequired, .referral,
        .unavailableCriticalExtension, .confidentialityRequired, .inappropriateAuthentication,
        .invalidCredentials, .saslBindInProgress, .loopDetect, .aliasDereferencingProblem,
      ],
      .access: [.insufficientAccessRights],
      .search: [.sizeLimitExceeded, .adminLimitExceeded],
    ]
    var result: [ResultCode: FailureClass] = [:]
    for (failure, codes) in table {
      for code in codes { result[code] = failure }
    }
    return result
  }()
}
