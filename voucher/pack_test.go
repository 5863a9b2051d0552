package voucher

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadyPacks(t *testing.T) {
	for _, id := range []PackID{"tour_sale", "flat_sale"} {
		pack, templates, err := ReadyPack(id)
		require.NoError(t, err)
		require.Equal(t, id, pack.ID)
		require.NotEmpty(t, templates)
	}
}
