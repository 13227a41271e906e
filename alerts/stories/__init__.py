"""Group: item + facts → story."""
