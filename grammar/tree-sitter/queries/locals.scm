(source_file) @local.scope
(for) @local.scope

(resource name: (reference) @local.definition.type)
(host name: (reference) @local.definition.constant)
(group name: (reference) @local.definition.constant)
(param name: (reference) @local.definition.parameter)
(secret name: (reference) @local.definition.parameter)
(for name: (reference) @local.definition.variable)
(import name: (reference) @local.definition.namespace)

(reference) @local.reference
