package tests

import (
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// attackScene has a puppet that is a user with a deposit and an escrow.
func attackScene(t *testing.T) (s *scene, puppet util.Uint160, id int64) {
	s = newScene(t)
	puppet = s.puppet(s.stranger)
	s.mustRun(s.through(puppet, nativehashes.GasToken, "transfer", puppet, s.hash, 10*gas, nil), s.stranger)
	s.mustRun(s.through(puppet, s.hash, "register", puppet, s.provider.hash, uuid), s.stranger)
	s.mustRun(s.through(puppet, s.hash, "openEscrow", openArgs(puppet, s.provider.hash, usualTerms())...), s.stranger)
	return s, puppet, 1
}

// requireSolvent: the contract owns what it owes to these, and no more than that.
func (s *scene) requireSolvent(inEscrows int64, accounts ...util.Uint160) {
	s.t.Helper()
	sum := inEscrows
	for _, a := range accounts {
		sum += s.balance(a)
	}
	require.Equal(s.t, sum, s.gasOf(s.hash))
}

// TestAttackReenterWithdraw: while it is paid 6 of its 9 GAS, a contract asks for 6 more.
func TestAttackReenterWithdraw(t *testing.T) {
	s, puppet, _ := attackScene(t)
	s.arm(s.stranger, puppet, "withdraw", puppet, 6*gas)
	aer := s.run(s.through(puppet, s.hash, "withdraw", puppet, 6*gas), s.stranger)
	require.Equal(t, vmstate.Fault, aer.VMState)
	require.Contains(t, aer.FaultException, fault.Balance)
	require.EqualValues(t, 9*gas, s.balance(puppet))
	// What it has, it may take in two bites.
	s.arm(s.stranger, puppet, "withdraw", puppet, 5*gas)
	s.mustRun(s.through(puppet, s.hash, "withdraw", puppet, 4*gas), s.stranger)
	require.Zero(t, s.balance(puppet))
	require.EqualValues(t, 999*gas, s.gasOf(puppet))
	s.requireSolvent(gas, s.user.hash)
}

// TestAttackReenterOthers: every other method, called while being paid, finds the
// state after the payment.
func TestAttackReenterOthers(t *testing.T) {
	for _, attack := range []struct {
		method string
		args   func(s *scene, puppet util.Uint160, id int64) []any
		fault  string
	}{
		{"openEscrow", func(s *scene, puppet util.Uint160, _ int64) []any {
			x := usualTerms()
			x.amount = 4 * gas
			return openArgs(puppet, s.provider.hash, x)
		}, fault.Balance},
		{"extendEscrow", func(_ *scene, _ util.Uint160, id int64) []any { return []any{id, 4 * gas, 0} }, fault.Balance},
		{"closeEscrow", func(_ *scene, _ util.Uint160, id int64) []any { return []any{id} }, ""},
		{"refund", func(_ *scene, _ util.Uint160, id int64) []any { return []any{id} }, fault.NotExpired},
		{"settle", func(_ *scene, _ util.Uint160, id int64) []any { return []any{claims(claimOf(id, 0, 1, 1, 1))} }, ""},
		{"unregister", func(_ *scene, puppet util.Uint160, _ int64) []any { return []any{puppet} }, ""},
	} {
		s, puppet, id := attackScene(t)
		s.arm(s.stranger, puppet, attack.method, attack.args(s, puppet, id)...)
		aer := s.run(s.through(puppet, s.hash, "withdraw", puppet, 6*gas), s.stranger)
		if attack.fault == "" {
			require.Equal(t, vmstate.Halt, aer.VMState, "%s: %s", attack.method, aer.FaultException)
			require.EqualValues(t, 3*gas, s.balance(puppet))
		} else {
			require.Contains(t, aer.FaultException, attack.fault, attack.method)
			require.EqualValues(t, 9*gas, s.balance(puppet))
		}
		s.requireSolvent(gas, s.user.hash, puppet)
		require.Equal(t, items(0, 0), pick(s.get("escrow", id), 3, 12), attack.method)
	}
}

// TestAttackCaughtFault: a contract that swallows the refusal keeps nothing of it.
func TestAttackCaughtFault(t *testing.T) {
	s, puppet, _ := attackScene(t)
	s.mustRun(script(call{puppet, "try", []any{s.hash, "withdraw", []any{puppet, 100 * gas}}}), s.stranger)
	require.EqualValues(t, 9*gas, s.balance(puppet))
	s.requireSolvent(gas, s.user.hash, puppet)
}

// TestAttackFakeToken: money that is none credits nobody.
func TestAttackFakeToken(t *testing.T) {
	s, puppet, _ := attackScene(t)
	s.refuseScript(fault.OnlyGAS, s.through(puppet, s.hash, "onNEP17Payment", puppet, 1000*gas, nil), s.stranger)
	s.refuse(fault.OnlyGAS, s.stranger, "onNEP17Payment", nil, 1000*gas, s.stranger.hash)
}

// TestAttackOwnAccount: nobody signs for the contract, so nobody spends what was
// sent to its own account by mistake.
func TestAttackOwnAccount(t *testing.T) {
	s, puppet, _ := attackScene(t)
	s.mustRun(s.transferScript("GAS", s.user.hash, s.hash, 5, s.hash), s.user)
	require.EqualValues(t, 5, s.balance(s.hash))
	s.refuse(fault.Witness, s.user, "withdraw", s.hash, 5)
	s.refuseScript(fault.Witness, s.through(puppet, s.hash, "withdraw", s.hash, 5), s.stranger)
	s.refuse(fault.Witness, s.user, "register", s.hash, s.provider.hash, uuid)
	s.requireSolvent(gas, s.user.hash, puppet, s.hash)
}

// TestAttackReplay: the same claim pays once, in one call, in one script, and later.
func TestAttackReplay(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(600_000)
	c := claimOf(id, 0, 1000, 1, 1)
	stale := emitted("ClaimRejected", id, 0, rule.StaleSequence)
	aer := s.settle(s.provider, c, c)
	s.expectEvents(aer, emitted("EscrowSettled", id, 0, 1000, 1, 1, someRoot, 1000), stale)
	again := call{s.hash, "settle", []any{claims(c)}}
	s.expectEvents(s.mustRun(script(again, again), s.provider), stale, stale)
	// Nor does closing and opening give it a new life: ids never come again.
	s.do(s.provider, "closeEscrow", id)
	require.Equal(t, id+1, s.open(usualTerms()))
	s.expectCode(rule.UnknownEscrow, s.provider, c)
	require.EqualValues(t, 1000, s.balance(s.provider.hash))
}

// TestAttackForeignEscrow: a provider claims from an escrow with another one.
func TestAttackForeignEscrow(t *testing.T) {
	s := newScene(t)
	s.do(s.stranger, "deploy", s.stranger.hash, location)
	s.do(s.stranger, "setOperator", s.stranger.hash, s.operator.hash)
	id := s.open(usualTerms())
	s.pass(60_000)
	for _, thief := range []*account{s.stranger, s.operator, s.user, s.owner} {
		c := claimOf(id, 0, 1, 1, 1)
		c.close = true
		s.expectCode(rule.NotAuthorised, thief, c)
		if thief != s.user {
			s.refuse(fault.Witness, thief, "closeEscrow", id)
		}
		s.refuse(fault.NotExpired, thief, "refund", id)
	}
}

// TestAttackForeignVoucher: a signature for another escrow, network or contract, or a
// higher total with the signature of a lower one.
func TestAttackForeignVoucher(t *testing.T) {
	s := newScene(t)
	id, key := s.openWithVoucher()
	other, _ := s.openWithVoucher()
	s.pass(60_000)
	magic := uint32(s.e.Chain.GetConfig().Magic)
	for _, message := range [][]byte{
		voucherBytes(magic, s.hash, uint64(other), 1000),
		voucherBytes(magic+1, s.hash, uint64(id), 1000),
		voucherBytes(magic, s.user.hash, uint64(id), 1000),
		voucherBytes(magic, s.hash, uint64(id), 999),
		voucherBytes(magic, s.hash, 1000, uint64(id)),
		voucherBytes(magic, s.hash, uint64(id), 1000)[1:],
		[]byte(rule.VoucherTag), {},
	} {
		c := claimOf(id, 0, 1000, 1, 1)
		c.total, c.signature = 1000, key.Sign(message)
		s.expectCode(rule.BadVoucher, s.provider, c)
	}
	c := claimOf(id, 0, 1000, 1, 1)
	c.total, c.signature = 1000, s.voucher(key, id, 1000)
	s.expectCode(rule.Accepted, s.provider, c)
}

// TestAttackGreedyOperator: the operator settles, and can do nothing else.
func TestAttackGreedyOperator(t *testing.T) {
	s := newScene(t)
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	id := s.open(usualTerms())
	s.pass(60_000)
	s.expectCode(rule.Accepted, s.operator, claimOf(id, 0, 1000, 1, 1))
	require.Zero(t, s.balance(s.operator.hash))
	p := s.provider.hash
	for _, c := range []call{{s.hash, "withdraw", []any{p, 1}}, {s.hash, "relocate", []any{p, "x"}}, {s.hash, "undeploy", []any{p}},
		{s.hash, "setTariff", []any{p, "x", someRoot}}, {s.hash, "setOperator", []any{p, s.stranger.hash}},
		{s.hash, "setOperator", []any{p, nil}}, {s.hash, "closeEscrow", []any{id}}, {s.hash, "extendEscrow", []any{id, 1, 1}}} {
		s.refuseScript(fault.Witness, script(c), s.operator)
	}
	require.EqualValues(t, 1000, s.balance(p))
}

// TestAttackCopiedUUID: who sees a uuid in the mempool and uses it first blocks nobody.
func TestAttackCopiedUUID(t *testing.T) {
	s := newScene(t)
	s.do(s.stranger, "register", s.stranger.hash, s.provider.hash, uuidOf(7))
	s.do(s.user, "register", s.user.hash, s.provider.hash, uuidOf(7))
	s.expectQuery(s.user, uuidOf(7), s.provider.hash, location)
}

// TestAttackDepositGrief: who deposits for another makes a gift, nothing more.
func TestAttackDepositGrief(t *testing.T) {
	s := newScene(t)
	s.mustRun(s.transferScript("GAS", s.stranger.hash, s.hash, 1, s.user.hash), s.stranger)
	require.EqualValues(t, 100*gas+1, s.balance(s.user.hash))
	s.refuse(fault.Balance, s.stranger, "withdraw", s.stranger.hash, 1)
}
