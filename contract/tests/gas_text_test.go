package tests

const gasIntro = `# What it costs in GAS

Measured on neo-go's test chain and written by ` + "`cd contract && go test ./tests -run TestGasTable -update`" + `; a test fails where
this file is not current. Every figure is GAS. The *system fee* pays for execution and storage, the *network fee* for the
transaction's bytes and its signature. Signed by one account with the scope CalledByEntry.

Fees are set by the network's committee (contract Policy); two settings stand for the range:

| policy | execFeeFactor | storage price (datoshi a byte) | fee per byte (datoshi) |
| --- | --- | --- | --- |
| genesis: every new private net | 30 | 100000 | 1000 |
| main-net-like: an example of a public net | 1 | 1000 | 20 |

## Each method

| method | system fee, genesis | network fee, genesis | system fee, main-net-like | network fee, main-net-like |
| --- | --- | --- | --- | --- |
`

const gasBatchIntro = `
## A claim, by size of the batch

Claims of one provider, each of another escrow, in calls of up to 128 claims; figures are for one claim. The *first* claim of an
escrow writes its counters for the first time, a *later* one overwrites them.

| policy | voucher | claims in the transaction | system fee, first | system fee, later | network fee |
| --- | --- | --- | --- | --- | --- |
`

const gasLargest = `
## The largest batch

The limit that binds is **512 notifications a transaction**: 512 claims, in four calls of 128 (a claim with ` + "`close`" + ` makes two
notifications, so 256 of those). The VM's stack of 2048 items bounds one call: it holds about 200 claims, the contract takes 128.

| 512 later claims | script (of 65535 bytes) | transaction (of 102400 bytes) | system fee, genesis | system fee, main-net-like |
| --- | --- | --- | --- | --- |
| without vouchers | %d | %d | %s | %s |
| with vouchers | %d | %d | %s | %s |

Public networks allow 20 GAS of system fee in a *block*. At main-net-like prices the batch above is far below that. At genesis
prices that limit would bind first: %d claims without vouchers, %d with. The script would be full at %d claims without vouchers,
and at %d with.

## Against the yardstick

A plain implementation, one serialized record for each escrow, pays 0.099 for a claim at genesis policy and 0.139 with a voucher.

| a claim in a full batch, genesis policy | plain | here |
| --- | --- | --- |
| without voucher | 0.099 | %s |
| with voucher | 0.139 | %s |

What a later claim without voucher consists of, at genesis policy: two reads, one write and one notification of 0.0098 each; 0.005 for
overwriting 20 bytes of counters; the rest is opcodes. Terms are apart from counters, so that few bytes are overwritten; both are
integers packed by shifts, so that no serializer is called (0.026) and hardly anything is converted (0.0025 each); the provider's
authority is checked, and its balance written, once for a run of its claims.
`
