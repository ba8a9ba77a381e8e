"""What bench/allocator and bench/router share: rounds, figures, tables, goals, plots."""
