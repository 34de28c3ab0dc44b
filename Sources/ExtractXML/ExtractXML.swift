// ExtractXML
