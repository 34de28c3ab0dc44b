internal import Records

/// What fills the derived columns of a schema, compiled.
package struct Derivation: Sendable {
  /// Collects derived columns while a mapping is worked out.
  struct Builder {
    private(set) var schema: SourceSchema
    private(set) var faults: [MappingFault] = []
    let derivation: Derivation? = nil

    init(source: SourceSchema, codes: CodeLists) { schema = source }

    mutating func column(
      for formula: Formula, _ logical: LogicalType, in table: Int, named name: String, at fault: MappingFault
    ) -> String? {
      var fault = fault
      fault.message = "functions are not compiled yet"
      faults.append(fault)
      return nil
    }
  }
}
