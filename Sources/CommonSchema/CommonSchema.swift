// CommonSchema
