"""Rows to Parquet to SQL: everything that lies in `out=`."""
